"""A vocabulary that needs no file."""

from dessurt.model.tokenizer import SPECIAL_TOKENS, Tokenizer, _byte_of_letter


def byte_tokenizer() -> Tokenizer:
    """No merges at all: every byte is a token, ids 4 to 259; `<mask>` is 260."""
    letters = {byte: letter for letter, byte in _byte_of_letter().items()}
    names = [*SPECIAL_TOKENS[:4], *(letters[byte] for byte in range(256)), SPECIAL_TOKENS[4]]
    return Tokenizer.from_merges({name: id_ for id_, name in enumerate(names)}, [])
