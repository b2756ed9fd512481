"""Text to token ids and back, with the conventions of BART's byte-level tokenizer."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any

import tokenizers
from tokenizers import decoders, models, pre_tokenizers

START, PAD, END = 0, 1, 2
SPECIAL_TOKENS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")


class Tokenizer:
    """A byte-level `tokenizers` vocabulary whose first ids are `<s>`, `<pad>`, `</s>`, `<unk>`."""

    def __init__(self, backend: tokenizers.Tokenizer) -> None:
        """Wrap a vocabulary.

        Raises:
            ValueError: it lacks the special tokens or has them elsewhere.
        """
        for place, token in enumerate(SPECIAL_TOKENS[:4]):
            if backend.token_to_id(token) != place:
                raise ValueError(f"the tokenizer must have {token} as id {place}, as BART's has")
        self.backend = backend
        self.special_ids = {backend.token_to_id(token) for token in SPECIAL_TOKENS} - {None}
        self._bytes = _byte_of_letter()

    @classmethod
    def open(cls, folder: str | Path) -> Tokenizer:
        """Read `tokenizer.json`, or BART's `vocab.json` and `merges.txt`, from a folder.

        Raises:
            FileNotFoundError: the folder has neither.
            ValueError: the file is damaged.
        """
        folder = Path(folder)
        if (folder / "tokenizer.json").exists():
            try:
                found = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8-sig"))
                return cls._from_json(found)
            except FileNotFoundError:
                raise
            except ValueError as error:
                raise ValueError(f"tokenizer.json cannot be used: {error}") from error
            except Exception as error:  # the library raises nothing more specific
                raise ValueError("tokenizer.json cannot be used") from error
        if (folder / "vocab.json").exists() and (folder / "merges.txt").exists():
            vocab = json.loads((folder / "vocab.json").read_text(encoding="utf-8-sig"))
            lines = (folder / "merges.txt").read_text(encoding="utf-8").splitlines()
            pairs = [line.split(" ") for line in lines if line and not line.startswith("#v")]
            try:
                return cls.from_merges(vocab, [(first, second) for first, second in pairs])
            except Exception as error:
                raise ValueError("vocab.json or merges.txt cannot be used") from error
        raise FileNotFoundError(
            f"no tokenizer in {folder}: it needs tokenizer.json, or vocab.json and merges.txt"
        )

    @classmethod
    def _from_json(cls, found: Any) -> Tokenizer:
        """What a `tokenizer.json` holds of byte-level BPE.

        The library would do whatever else is in such a file: normalisers within each other, a
        padding to any length. Nothing of that kind belongs to a vocabulary as BART's.
        """
        model = found["model"]
        pieces = found.get("pre_tokenizer") or {}
        kinds = model.get("type", "BPE"), pieces.get("type")
        if kinds != ("BPE", "ByteLevel"):
            raise ValueError(f"it is of {' and '.join(map(str, kinds))}, not BPE of bytes")
        for part in ("normalizer", "truncation", "padding"):
            if found.get(part):
                raise ValueError(f"it has a {part}, which BART's has not")
        merges = [each.split(" ") if isinstance(each, str) else each for each in model["merges"]]
        backend = tokenizers.Tokenizer(
            models.BPE(
                vocab=model["vocab"],
                merges=[(first, second) for first, second in merges],
                unk_token=model.get("unk_token"),
            )
        )
        backend.pre_tokenizer = pre_tokenizers.ByteLevel(
            add_prefix_space=bool(pieces.get("add_prefix_space", True)),
            use_regex=bool(pieces.get("use_regex", True)),
        )
        backend.decoder = decoders.ByteLevel()
        marks = ("lstrip", "rstrip", "single_word", "normalized", "special")
        backend.add_special_tokens(
            [
                tokenizers.AddedToken(each["content"], **{mark: bool(each[mark]) for mark in marks})
                for each in found.get("added_tokens", ())
            ]
        )
        return cls(backend)

    @classmethod
    def from_merges(cls, vocab: dict[str, int], merges: list[tuple[str, str]]) -> Tokenizer:
        """A byte-level BPE vocabulary without a leading space."""
        backend = tokenizers.Tokenizer(models.BPE(vocab=vocab, merges=merges))
        backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        backend.decoder = decoders.ByteLevel()
        backend.add_special_tokens([token for token in SPECIAL_TOKENS if token in vocab])
        return cls(backend)

    def save(self, folder: str | Path) -> None:
        """Write `tokenizer.json`."""
        self.backend.save(str(Path(folder) / "tokenizer.json"))

    @property
    def vocab_size(self) -> int:
        """Rows that an embedding table needs."""
        return self.backend.get_vocab_size()

    def encode(self, text: str) -> list[int]:
        """The ids of `text` itself, without `<s>` and `</s>`."""
        return self.backend.encode(text, add_special_tokens=False).ids

    def pieces(self, text: str) -> list[int]:
        """Where in `text` each of its tokens ends, in characters."""
        encoded = self.backend.encode(text, add_special_tokens=False)
        return [stop for _, stop in encoded.offsets]

    def encode_query(self, text: str, max_q_tokens: int | None) -> tuple[list[int], str]:
        """The Q-1 ids that follow the task token, and the part of `text` that did not fit.

        The original pads `<s> text </s>` to `max_q_tokens` and then drops the last place, so
        that at most max_q_tokens - 2 tokens of text are seen, and `</s>` only by shorter texts.
        `max_q_tokens` None: neither padded nor cut.
        """
        ids = self.encode(text)
        if max_q_tokens is None:
            return [START, *ids, END], ""
        room = max_q_tokens - 2
        kept = [START, *ids[:room], END, *[PAD] * (room - len(ids))][: max_q_tokens - 1]
        return kept, self.decode(ids[room:])

    def decode(self, ids: list[int]) -> str:
        """The text of `ids`; special tokens are left out."""
        stream = self.stream()
        return "".join(map(stream.push, ids)) + stream.flush()

    def stream(self) -> TextStream:
        """A decoder that takes one id at a time."""
        return TextStream(self)

    def token_bytes(self, id_: int) -> bytes:
        """The bytes of one token; none for special tokens and ids outside the vocabulary."""
        if id_ in self.special_ids:
            return b""
        token = self.backend.id_to_token(id_) or ""
        if all(letter in self._bytes for letter in token):
            return bytes(self._bytes[letter] for letter in token)
        return token.encode()  # an added token, or a vocabulary that is not of bytes


class TextStream:
    """Joins tokens to text; a character is given out when its last byte has come."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        """A stream over `tokenizer`'s ids."""
        self._tokenizer = tokenizer
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, id_: int) -> str:
        """The characters that `id_` completes."""
        return self._decoder.decode(self._tokenizer.token_bytes(id_))

    def flush(self) -> str:
        """A replacement character if the text ended inside a character."""
        return self._decoder.decode(b"", final=True)


def _byte_of_letter() -> dict[str, int]:
    """GPT-2's printable letter for every byte: printable bytes stand for themselves."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = {chr(byte): byte for byte in printable}
    others = [byte for byte in range(256) if byte not in printable]
    return letters | {chr(256 + i): byte for i, byte in enumerate(others)}
