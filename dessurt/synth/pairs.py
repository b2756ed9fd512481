"""Forms made up by a language model: labels with values that suit them, and each other.

A small GPT-2 is told that a form follows, gets a pair and a label that are known already, and goes
on (arXiv 2203.16618, section on synthetic forms). What it writes is full of nonsense, but of a
nonsense that no list of labels has. `dessurt.synth.fields.groups` reads the file.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from dessurt.synth.fields import code, groups
from dessurt.synth.text import Writer
from dessurt.whole_files import write_whole

Pair = tuple[str, str]  # label and value
Form = tuple[str | None, list[tuple[str, str | list[str]]]]  # title, and labels with values
Generate = Callable[[str, int], list[str]]  # prompt and seed to texts that go on from the prompt

# As the original samples, and what it begins with.
SAMPLING = {"do_sample": True, "temperature": 0.85, "top_k": 0, "top_p": 0.9,
            "max_new_tokens": 256, "num_return_sequences": 3}  # fmt: skip
HEADS = ("This form is to be filled out.", "This form has been filled out.", "Form {number}",
         "This form is to be filled out regarding {title}.",
         "This form contains information about {title}.")  # fmt: skip
LABELS, DATES = ("Location", "Name", "Details"), 60
FEWEST, SIMILAR, LONGEST = 4, 7, 50  # parts of a list, and in letters: difference, length
SAVE_EVERY = 180.0  # seconds


class LanguageModelError(ValueError):
    """A language model that cannot be used; the message says in one sentence what to do."""


def language_model(name: str, device: str = "auto") -> Generate:
    """A causal language model of `transformers`.

    Args:
        name: a folder, or a repository of the Hugging Face hub such as gpt2.
        device: "auto" (a GPU if there is one), or a torch device.

    Raises:
        LanguageModelError: transformers is not installed, or the model is not to be had.
    """
    try:
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ImportError as error:
        raise LanguageModelError(
            "a language model needs the package transformers: pip install -e '.[distill]'."
        ) from error
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
        model = AutoModelForCausalLM.from_pretrained(name).to(device).eval()
    except (OSError, ValueError, RuntimeError) as error:
        first = str(error).splitlines()[0]
        raise LanguageModelError(
            f"the language model {name} cannot be opened ({first}): name a folder that holds it, "
            "or go online once."
        ) from error

    @torch.no_grad()
    def generate(prompt: str, seed: int) -> list[str]:
        torch.manual_seed(seed)
        inputs = tokenizer(prompt, return_tensors="pt").to(device)
        outputs = model.generate(**inputs, **SAMPLING, pad_token_id=tokenizer.eos_token_id)
        start = inputs["input_ids"].shape[1]
        return [tokenizer.decode(each[start:], skip_special_tokens=True) for each in outputs]

    return generate


def write_forms(
    generate: Generate, path: Path, count: int, seed: int, titles: Sequence[str] = ()
) -> None:
    """Have forms made up until a file holds so many; what it holds already is kept.

    The file is the original's gpt2_form_generation.json: [[title or null, [[label, value or
    [part, ...]], ...]], ...]. It is written every three minutes and when the work is interrupted.

    Args:
        generate: the language model.
        path: the file.
        count: forms in it at the end.
        seed: the seed of the prompts and of what the model writes.
        titles: what forms may be about; none: headings are made up.

    Raises:
        OSError: it cannot be read or written.
        ValueError: it holds something else.
    """
    made: list[Any] = []
    if path.exists():
        groups(path)  # says what is wrong with it
        made = json.loads(path.read_text(encoding="utf-8-sig"))
    saved, begun = time.monotonic(), len(made)
    rng = random.Random(f"{seed} {begun}")
    more = islice(forms(generate, rng, titles, made[:]), max(count - begun, 0))
    try:
        for form in tqdm(more, initial=begun, total=count, unit="form"):
            made.append(form)
            if time.monotonic() - saved > SAVE_EVERY:
                _save(made, path)
                saved = time.monotonic()
    finally:
        if len(made) > begun:
            _save(made, path)


def _save(made: Sequence[Any], path: Path) -> None:
    text = ",\n".join(json.dumps(form, ensure_ascii=False) for form in made)
    write_whole(path, f"[\n{text}\n]\n".encode())


def forms(
    generate: Generate, rng: random.Random, titles: Sequence[str] = (), known: Sequence[Any] = ()
) -> Iterator[Form]:
    """Forms without end.

    Each prompt is a head, a pair and a label. Pair and label are drawn from all that were written
    so far, so that the forms get more various.

    Args:
        generate: the language model.
        rng: where the prompts come from.
        titles: what forms may be about; none: headings are made up.
        known: forms that there are already.
    """
    write = Writer(rng)
    dates = (write.date() for _ in range(DATES))
    pairs = [("Date", date) for date in dates if ":" not in date]  # that would be no pair
    pairs += [(label, value if isinstance(value, str) else ", ".join(value))
              for _, fields in known for label, value in fields]  # fmt: skip
    labels = list(dict.fromkeys([*LABELS, *(label for _, fields in known for label, _ in fields)]))
    seen, asked = set(pairs), set(labels)
    while True:
        head, title = rng.choice(HEADS), None
        if "{title}" in head:
            title = rng.choice(titles) if titles else write.heading()
        head = head.format(title=title, number=code(rng))
        label, value = rng.choice(pairs)
        prompt = f"{head}\n{label}: {value}\n{rng.choice(labels)}:"
        for more in generate(prompt, rng.getrandbits(32)):
            found = parsed(prompt + more)
            pairs += [pair for pair in dict.fromkeys(found) if pair not in seen]
            labels += [each for each in dict.fromkeys(dict(found)) if each not in asked]
            seen.update(found)
            asked.update(dict(found))
            if title is not None:
                found = found[1:]  # the pair of the prompt is about something else
            if found:
                yield title, [(each, as_list(text)) for each, text in found]


def parsed(text: str) -> list[Pair]:
    """The pairs of a text: its lines `label: value` after the first line, until it repeats itself.

    Lines with more colons are left out, and labels without a value, unless the next line is one.
    """
    lines = [line.strip() for line in text.split("<|endoftext|>")[0].split("\n")[1:]]
    lines = [line for line in lines if line]
    pairs: list[Pair] = []
    after: set[Pair] = set()  # which label came after which
    for number, line in enumerate(lines):
        label, value = (part.strip() for part in line.partition(":")[::2])
        if not value and ":" not in "".join(lines[number + 1 : number + 2]):
            value = "".join(lines[number + 1 : number + 2])
        if line.count(":") != 1 or not label or not value:
            continue
        follows = (pairs[-1][0] if pairs else "", label)
        if (label, value) in pairs or follows in after:
            break
        pairs.append((label, value))
        after.add(follows)
    return pairs


def as_list(value: str) -> str | list[str]:
    """A value whose parts between commas are many and about equally long, as a list."""
    parts = value.split(",")
    lengths = [len(part) for part in parts]
    if len(parts) < FEWEST or max(lengths) - min(lengths) >= SIMILAR or max(lengths) >= LONGEST:
        return value
    found = [part.strip() for part in parts if part.strip()]
    return found if len(set(found)) > 1 else "".join(found[:1])
