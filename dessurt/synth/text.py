"""Words for synthetic pages: free text found on the system, faker, and made-up codes.

Prose and code come from the Python standard library (always there, PSF licence) and, where they
are installed, from licences, documentation, dictionaries and fortunes of a Debian system; or from
the text files of the folder that the environment variable `DESSURT_TEXTS` names, in place of the
system's. Nothing is downloaded and nothing of it is stored.
"""

from __future__ import annotations

import gzip
import os
import random
import re
import string
import sysconfig
import unicodedata
from datetime import datetime
from functools import cache
from pathlib import Path

from faker import Faker

# Every character that the generator prints; anything else is dropped from borrowed text.
LETTERS = string.ascii_letters + string.digits + string.punctuation
SPECIAL = (
    "’‘“”–—•©®°±×§é è ê ë á à â ä ã å ç í ì î ï ñ ó ò ô ö õ ø ú ù û ü ß É Ö Ü Ä æ £ € ¥ µ · « »"
)
ALPHABET = LETTERS + SPECIAL.replace(" ", "")
LATEST = datetime(2026, 1, 1)  # of a date: without an end, faker counts back from this very second
_PLAIN = re.compile(r"[^\W\d_]+| ")
_OTHERS = re.compile(f"[^{re.escape(ALPHABET)} ]")
_SOURCES = (
    ("/usr/share/common-licenses", "*", 2_000_000),
    ("/usr/share/doc", "*/copyright", 3_000_000),
    ("/usr/share/doc/debian-policy", "*.txt.gz", 2_000_000),
    ("/usr/share/debian-reference", "*.en.txt.gz", 2_000_000),
    ("/usr/share/games/fortunes", "*", 2_000_000),
    ("/usr/share/dictd", "*.dict.dz", 9_000_000),
    ("/usr/share/man/man1", "*.gz", 4_000_000),
    ("/usr/share/man/man2", "*.gz", 2_000_000),
)


def clean(text: str) -> str:
    """One line of printable text: compatibility forms resolved, unknown characters dropped."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.replace("…", "..."))
    return " ".join(_OTHERS.sub(" ", text).split())


class Writer:
    """Writes the texts of a page. The same random generator gives the same texts."""

    def __init__(self, rng: random.Random) -> None:
        """`rng`: where all choices come from."""
        self.rng = rng
        self.faker = _faker()
        self.faker.seed_instance(rng.getrandbits(32))

    def prose(self, words: int) -> str:
        """About so many words of running text."""
        rng = self.rng
        paragraphs = _prose()
        collected: list[str] = []
        while len(collected) < words:
            found = paragraphs[rng.randrange(len(paragraphs))].split()
            start = rng.randrange(len(found)) if rng.random() < 0.3 else 0
            collected += found[start : start + words]
        text = " ".join(collected[:words])
        if rng.random() < 0.1:  # typists put two spaces after a sentence
            text = re.sub(r"([.:?!]) ", "\\1\u00a0 ", text)
        return _typographic(text) if rng.random() < 0.5 else text

    def heading(self) -> str:
        """A title, perhaps numbered or in capitals."""
        rng = self.rng
        words = self.prose(rng.randint(1, 7)).strip(string.punctuation)
        text = rng.choice((words, words.title(), words.upper(), self.faker.catch_phrase()))
        if rng.random() < 0.4:
            number = ".".join(str(rng.randint(1, 19)) for _ in range(rng.randint(1, 3)))
            text = f"{rng.choice(('', '', 'Chapter ', 'Section ', '§'))}{number} {text}"
        return text

    def code(self) -> str:
        """One line of a program, a command or a file listing."""
        rng = self.rng
        if rng.random() < 0.3:
            return self.command()
        lines = _code()
        line = lines[rng.randrange(len(lines))]
        return line[:88]

    def command(self) -> str:
        """A shell command or an option of one."""
        rng = self.rng
        word = lambda: rng.choice(_words())  # noqa: E731
        option = lambda: rng.choice(("-", "--")) + word()  # noqa: E731
        return rng.choice(
            (
                f"$ {word()} {option()} {word()}.{rng.choice(('txt', 'c', 'log', 'html', 'pdf'))}",
                f"{option()}={self.value()}",
                f"-{rng.choice(string.ascii_letters)}, {option()} {word().upper()}",
                f"{word()} --{word()} {rng.randint(1, 999)}% '{word()} {{}}' ::: *.{word()[:4]}",
                f"cat {word()} | {word()} -{rng.choice(string.ascii_letters)} {word()} "
                f"> /tmp/{word()}",
                f"/usr/{word()}/{word()}-{rng.randint(0, 9)}.{rng.randint(0, 20)}/{word()}",
                f"<{word()} {word()}=\"{word()}\">{word()}</{word()}>",
                f"{word()}_{word()}({word()}, {rng.randint(0, 99)});",
            )
        )

    def value(self) -> str:
        """A short thing: number, amount, date, code, name, address, e-mail and so on."""
        rng, fake = self.rng, self.faker
        kind = rng.randrange(23)
        if kind == 0:
            return str(rng.randint(0, 10 ** rng.randint(1, 7)))
        if kind == 1:
            sign = rng.choice(("", "$", "€", "£", "-", "+"))
            return f"{sign}{rng.random() * 10 ** rng.randint(0, 6):,.2f}"
        if kind == 2:
            number = f"{rng.random() * 10 ** rng.randint(0, 4):.{rng.randint(1, 4)}f}"
            return number + rng.choice(("", " %", "%", " kg", " ms", " MB", "°", " mm", "x"))
        if kind in (3, 4):
            return self.date()
        if kind == 5:
            return fake.name()
        if kind == 6:
            return rng.choice(
                (fake.street_address, fake.city, fake.country, fake.company, fake.job)
            )()
        if kind == 7:
            return fake.address().replace("\n", ", ")
        if kind == 8:
            return rng.choice((fake.email, fake.url, fake.domain_name, fake.ipv4, fake.user_name))()
        if kind == 9:
            return rng.choice((fake.iban, fake.phone_number, fake.postcode, fake.license_plate))()
        if kind == 10:
            return fake.uuid4()[: rng.randint(4, 36)]
        if kind == 11:
            letters = string.ascii_uppercase + string.digits
            count = rng.randint(1, 4)
            parts = ("".join(rng.choices(letters, k=rng.randint(1, 6))) for _ in range(count))
            return "-".join(parts)
        if kind == 12:
            return self.scramble()
        if kind == 13:
            return rng.choice(
                ("Yes", "No", "N/A", "OK", "—", "Total", "Date:", "TOTAL", "...", "U", "M", "CS",
                 "x", "-")
            )  # fmt: skip
        if kind == 14:
            return rng.choice(_words()) + rng.choice(("()", ".c", ".html", "_t", "[0]", "/", ":"))
        if kind == 15:
            return f"({rng.randint(0, 20):04X},{rng.randint(0, 65535):04x})"
        if kind == 17:  # checksums and keys: long, and the same character often twice
            return "".join(rng.choices("0123456789abcdef", k=rng.randint(8, 64)))
        if kind == 16:
            first = rng.randint(1, 400)
            between = rng.choice(("of", "/", "to", "-", "–", "x", "+", "="))
            return f"{first} {between} {rng.randint(1, 400)}"
        words = [rng.choice(_words()) for _ in range(rng.randint(1, 3))]
        text = " ".join(words)
        return rng.choice((text, text.title(), text.upper(), text.capitalize(), "_".join(words)))

    def date(self) -> str:
        """A day or a time."""
        patterns = (
            "%d/%m/%Y", "%m/%d/%y", "%Y-%m-%d", "%B %d, %Y", "%d %b %Y", "%d.%m.%y", "%H:%M:%S",
            "%a %d %B",
        )  # fmt: skip
        when = self.faker.date_time(end_datetime=LATEST)
        return str(when.strftime(self.rng.choice(patterns)))

    def words(self, count: int) -> str:
        """So many lower-case words in no context."""
        return " ".join(self.rng.choice(_words()) for _ in range(count))

    def scramble(self) -> str:
        """Characters in no order, so that reading cannot be replaced by guessing."""
        rng = self.rng
        numbers = string.digits + ".,-/"
        pool = rng.choice(
            (
                string.ascii_lowercase, string.ascii_letters, LETTERS, ALPHABET, numbers,
                string.punctuation + string.digits,
            )  # fmt: skip
        )
        count = rng.randint(1, 4)
        return " ".join("".join(rng.choices(pool, k=rng.randint(1, 9))) for _ in range(count))

    def field(self) -> str:
        """A label and its value."""
        label = self.words(self.rng.randint(1, 3))
        label = self.rng.choice((label.title(), label.upper(), label.capitalize()))
        return f"{label}: {self.value()}"


def _typographic(text: str) -> str:
    text = re.sub(r"(\w)'(\w)", r"\1’\2", text)
    text = re.sub(r"(^|[\s(])\"", r"\1“", text).replace('"', "”")
    text = re.sub(r"(^|[\s(])'", r"\1‘", text).replace("'", "’")
    return text.replace(" -- ", " — ").replace("--", "–")


@cache
def _faker() -> Faker:
    return Faker(["en_US", "en_GB", "de_DE", "fr_FR"])


@cache
def _words() -> list[str]:
    """Lower-case words, as often as they occur in the prose."""
    words = [w for paragraph in _prose()[::7] for w in re.findall(r"[a-z]{2,}", paragraph)]
    return words[:200_000]


@cache
def _prose() -> list[str]:
    """Paragraphs of running text, in a fixed order."""
    texts = [_docstrings(path) for path in _library()]
    own = os.environ.get("DESSURT_TEXTS")
    for folder, pattern, limit in ((own, "*", 20_000_000),) if own else _SOURCES:
        texts += _read(Path(folder), pattern, limit)
    paragraphs = []
    for text in texts:
        for block in re.split(r"\n\s*\n", text):
            words = clean(block)
            letters = sum(map(len, _PLAIN.findall(words)))
            marked = sum(map(words.count, "\\[]<>*|_"))  # more of these than people print
            if 40 <= len(words) <= 3000 and letters > 0.8 * len(words) > 40 * marked:
                paragraphs.append(words)
    return list(dict.fromkeys(paragraphs))


@cache
def _code() -> list[str]:
    """Lines of Python, without their indentation."""
    lines = [clean(line) for path in _library() for line in path.read_text("utf-8").split("\n")]
    return [line for line in dict.fromkeys(lines) if 3 <= len(line)][:60_000]


def _library() -> list[Path]:
    folder = Path(sysconfig.get_paths()["stdlib"])
    return sorted(p for p in folder.glob("*.py") if p.name[0] != "_" and p.stat().st_size > 4000)


def _docstrings(path: Path) -> str:
    return "\n\n".join(re.findall(r'"""(.*?)"""', path.read_text("utf-8"), re.DOTALL))


def _read(folder: Path, pattern: str, limit: int) -> list[str]:
    texts, size = [], 0
    for path in sorted(folder.glob(pattern)):
        if size > limit or not path.is_file() or path.suffix == ".dat":
            continue
        data = path.read_bytes()
        if path.suffix in (".gz", ".dz"):
            try:
                data = gzip.decompress(data)
            except (OSError, EOFError):
                continue
        text = data[: min(limit - size, 4_000_000)].decode("utf-8", "ignore")
        if path.suffix == ".dz":  # links and sources of dictionaries
            text = re.sub(r"[{}]|\[1913 Webster\]|\[PJC\]", "", text)
        if "/man/" in str(path):
            text = re.sub(r"\\f.|\\&|\\", "", re.sub(r"(?m)^[.'].*$", "", text))
        texts.append(text)
        size += len(text)
    return texts
