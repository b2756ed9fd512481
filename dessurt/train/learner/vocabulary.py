"""The small checkpoint's vocabulary: bytes, and one token for every other printed character.

With one token for each glyph an answer follows the line letter by letter, which is learnt much
sooner than long pieces; any Unicode text can still be written, byte by byte.
"""

from __future__ import annotations

from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers, processors
from tokenizers.models import BPE

from dessurt.synth.text import ALPHABET
from dessurt.tasks import END_SIGN


def tokenizer() -> Tokenizer:
    """A byte-level BPE in BART's manner: `<s>` 0, `<pad>` 1, `</s>` 2, `<unk>` 3, `<mask>` last."""
    specials = ("<s>", "<pad>", "</s>", "<unk>")
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate((*specials, *letters))}
    merges = []
    spell = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    for letter in (*(each for each in ALPHABET if not each.isascii()), END_SIGN):
        [(spelled, _)] = spell.pre_tokenize_str(letter)
        for i in range(1, len(spelled)):
            if (spelled[:i], spelled[i]) not in merges:
                merges.append((spelled[:i], spelled[i]))
            vocabulary.setdefault(spelled[: i + 1], len(vocabulary))
    vocabulary["<mask>"] = len(vocabulary)
    made = Tokenizer(BPE(vocabulary, merges, unk_token="<unk>"))
    made.add_special_tokens([AddedToken(t, special=True) for t in (*specials, "<mask>")])
    made.pre_tokenizer = spell
    made.decoder = decoders.ByteLevel()
    made.post_processor = processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=False, add_prefix_space=False
    )
    return made
