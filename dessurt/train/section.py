"""Sections of a config: frozen dataclasses whose fields are the keys that a person writes.

The type of a field says which values it takes, and the text below it what it means. `Section.of`
reads and checks a section; `dessurt train --help` and the tables of configs/README.md are made from
the same fields.
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from itertools import pairwise
from types import UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    Self,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

WHOLE = "the config"  # what messages call the outermost section


class ConfigError(ValueError):
    """A training config that cannot be followed; the message says in one sentence what to do."""


class Range(NamedTuple):
    """Which numbers a key takes."""

    text: str  # as a message says it
    holds: Callable[[float], bool]


_ABOVE_0 = Range("a number above 0", lambda number: number > 0)
Positive = Annotated[float, _ABOVE_0]
Count = Annotated[int, _ABOVE_0]
Share = Annotated[float, Range("a number from 0 to below 1", lambda number: 0 <= number < 1)]


class Key(NamedTuple):
    """A key of a section, as people read of it."""

    name: str
    default: str  # as JSON; empty where the key must be there, or has no default of its own
    meaning: str


@dataclass(frozen=True)
class Section:
    """The keys of an object in a config."""

    @classmethod
    def of(cls, raw: Any, label: str = WHOLE) -> Self:
        """Check and read a section.

        Args:
            raw: The parsed JSON.
            label: What messages call the section, such as "stage 1".

        Raises:
            ConfigError: A key is missing or unknown, or its value is not of the field's type.
        """
        known = fields(cls)
        if not isinstance(raw, Mapping):
            raise ConfigError(f"{label} is not an object with keys: see configs/README.md.")
        for each in known:
            if each.name not in raw and each.default is each.default_factory is MISSING:
                raise missing(each.name, label)
        refuse_unknown(raw, f"keys of {label}", [each.name for each in known])
        types = get_type_hints(cls, include_extras=True)
        return cls(**{
            key: _value(types[key], value, f"its {key}" if label == WHOLE else f"{key} of {label}")
            for key, value in raw.items()
        })  # fmt: skip

    @classmethod
    def keys(cls) -> list[Key]:
        """The keys with their defaults, and what the text below each field says of it.

        A field without a text is not a key.
        """
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
        assert isinstance(tree, ast.ClassDef)
        meanings = {
            field.target.id: " ".join(text.value.value.split())
            for field, text in pairwise(tree.body)
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
            and isinstance(text.value.value, str)
        }  # fmt: skip
        return [
            Key(each.name, _shown(each.default), meanings[each.name])
            for each in fields(cls)
            if each.name in meanings
        ]


def markdown(section: type[Section]) -> str:
    """The table of a section's keys, as it stands in configs/README.md."""
    rows = (
        f"| `{key.name}` | {f'`{key.default}` ' if key.default else ''}| {key.meaning} |"
        for key in section.keys()
    )
    return "\n".join(["| key | default | meaning |", "|---|---|---|", *rows])


def help_text(section: type[Section], width: int = 96) -> str:
    """The same for a terminal."""
    wrapper = textwrap.TextWrapper(width, subsequent_indent=" " * 23, break_on_hyphens=False)
    lines = []
    for key in section.keys():
        wrapper.initial_indent = f"  {key.name:<20} "
        lines.append(wrapper.fill(f"{key.meaning} [{key.default}]" if key.default else key.meaning))
    return "\n".join(lines)


def missing(key: str, label: str) -> ConfigError:
    """The error of a section without a key that it needs."""
    return ConfigError(f"{label} lacks the key {key!r}: see configs/README.md.")


def refuse_unknown(names: Iterable[Any], label: str, known: Iterable[Any]) -> None:
    """Refuse names that are not known.

    Raises:
        ConfigError: There is one; the message lists the known ones.
    """
    known = list(known)
    for name in names:
        if name not in known:
            texts = (each if isinstance(each, str) else json.dumps(each) for each in known)
            raise ConfigError(f"{label}: there is no {name!r}, choose from {', '.join(texts)}.")


def _value(kind: Any, raw: Any, label: str) -> Any:
    """A value as a field's type wants it: lists become tuples, objects become sections."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return raw
    if origin in (Union, UnionType):  # of a type and None
        return None if raw is None else _value(inner[0], raw, label)
    if origin is Literal:
        refuse_unknown([raw], label, inner)
        return raw
    if origin is Annotated:
        return _number(inner[0], inner[1], raw, label)
    if isinstance(kind, type) and issubclass(kind, Section):
        return kind.of(raw, label)
    if kind in (int, float):
        return _number(kind, Range("a number", lambda number: True), raw, label)
    if origin is dict:
        _refuse(raw, Mapping, "an object", label)
        return {key: _value(inner[1], each, _element(label, key)) for key, each in raw.items()}
    if origin is tuple:
        _refuse(raw, list | tuple, "a list", label)
        kinds = (inner[0],) * len(raw) if inner[-1] is ... else inner
        if len(raw) != len(kinds):
            raise ConfigError(f"{label} is {raw!r}: give a list of {len(kinds)}.")
        pairs = enumerate(zip(kinds, raw, strict=True), 1)
        return tuple(_value(each, value, _element(label, n)) for n, (each, value) in pairs)
    _refuse(raw, kind, "true or false" if kind is bool else "text", label)
    return raw


def _number(kind: type, allowed: Range, raw: Any, label: str) -> Any:
    """The number as it is written; one that has to be whole as `int`, `1e5` too."""
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not allowed.holds(raw):
        raise ConfigError(f"{label} is {raw!r}: give {allowed.text}.")
    if kind is int and raw % 1:  # of infinity, too
        raise ConfigError(f"{label} is {raw!r}: give a whole number.")
    return int(raw) if kind is int else raw


def _refuse(raw: Any, kind: Any, text: str, label: str) -> None:
    if not isinstance(raw, kind):
        raise ConfigError(f"{label} is {raw!r}: give {text}.")


def _element(label: str, name: object) -> str:
    """What messages call an entry of a list or an object: "its stages" has a "stage 1"."""
    key, of, rest = label.partition(" of ")
    return f"{key.removeprefix('its ').removesuffix('s')} {name!r}{of}{rest}"


def _shown(default: Any) -> str:
    """A default as JSON; nothing for None, for an empty object and where there is none."""
    if default is MISSING or default is None or default == () or isinstance(default, Section):
        return ""
    return json.dumps(default)
