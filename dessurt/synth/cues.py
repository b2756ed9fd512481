"""How the fields of a form are drawn: where the value stands and what leads to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from dessurt.synth.fields import Field
from dessurt.synth.sheet import Piece, Sheet

# A field's Typst code, its question and about how many lines it takes.
Made = tuple[str, Piece, int]


@dataclass(frozen=True)
class Style:
    """How the fields of a form look.

    Attributes:
        label, value: their faces, as `Sheet.put` takes them.
        sign: after a label, e.g. a colon.
        cue: what leads from the label to the value, one of `CUES`.
        gap: between the two, where nothing else stands there; a length of Typst.
    """

    label: str = ""
    value: str = ""
    sign: str = ""
    cue: str = "plain"
    gap: str = "1fr"

    @classmethod
    def of(cls, sheet: Sheet) -> Style:
        """One by chance."""
        rng = sheet.rng
        label, value = rng.choice(("", "", "weight: 700", "size: 0.8em")), ""
        if (kind := rng.random()) < 0.25:
            value = f'font: "{sheet.font("hand")}", size: {rng.uniform(1.1, 1.5):.2f}em'
        elif kind < 0.5:
            value = f'font: "{sheet.font("mono")}"'
        elif kind < 0.6:
            value = "weight: 700"
        return cls(label, value, rng.choice((":", ":", "")), rng.choice(tuple(CUES)),
                   rng.choice(("4pt", "10pt", "1fr")))  # fmt: skip

    def draw(self, sheet: Sheet, field: Field) -> Made:
        """Put a field on the sheet; its question and its answer are linked."""
        return CUES[self.cue](sheet, self, field)


def _pieces(sheet: Sheet, style: Style, field: Field) -> tuple[Piece, str, int]:
    """Label, value's code ("" for a blank) and lines; the two are linked."""
    label = sheet.put(field.label + style.sign, "question", face=style.label)
    if not field.value:
        return label, "", 1
    value = sheet.lines(field.value, "answer", face=style.value)
    sheet.link(label, value)
    return label, value.code, len(field.value)


def _plain(sheet: Sheet, style: Style, field: Field) -> Made:
    label, value, lines = _pieces(sheet, style, field)
    space = f"column-gutter: {style.gap}" if style.gap != "1fr" else "column-gutter: 6pt"
    columns = "(1fr, auto)" if style.gap == "1fr" else "(auto, auto)"
    return f"grid(columns: {columns}, {space}, {label}, {value or '[]'})", label, lines


def _lined(sheet: Sheet, style: Style, field: Field) -> Made:
    """The value on a rule, drawn or dotted."""
    label, value, lines = _pieces(sheet, style, field)
    dash = sheet.rng.choice(("solid", "solid", "dotted", "dashed"))
    stroke = f'(bottom: (thickness: 0.6pt, dash: "{dash}"))'
    line = f"block(width: 100%, stroke: {stroke}, inset: (bottom: 2pt), {value or 'v(0.7em)'})"
    return f"grid(columns: (auto, 1fr), column-gutter: 4pt, {label}, {line})", label, lines


def _dots(sheet: Sheet, style: Style, field: Field) -> Made:
    """Dots lead from the label to the value."""
    label, value, lines = _pieces(sheet, style, field)
    dots = 'line(length: 100%, stroke: (thickness: 0.7pt, dash: "dotted"))'
    row = f"grid(columns: (auto, 1fr, auto), column-gutter: 3pt, align: bottom, {label}, {dots}, "
    return row + f"{value or '[]'})", label, lines


def _boxed(sheet: Sheet, style: Style, field: Field) -> Made:
    """The value in a box beside the label."""
    label, value, lines = _pieces(sheet, style, field)
    box = f"rect(width: 100%, inset: 3pt, stroke: 0.6pt, {value or 'v(0.7em)'})"
    return f"grid(columns: (auto, 1fr), column-gutter: 5pt, align: horizon, {label}, {box})", \
        label, lines + 1  # fmt: skip


def _inside(sheet: Sheet, style: Style, field: Field) -> Made:
    """A small label and the value in one box."""
    small = replace(style, label="size: 0.75em")
    label, value, lines = _pieces(sheet, small, field)
    inner = f"stack(spacing: 4pt, {label}, {value or 'v(0.9em)'})"
    return f"rect(width: 100%, inset: 3pt, stroke: 0.6pt, {inner})", label, lines + 2


def _under(sheet: Sheet, style: Style, field: Field) -> Made:
    """The label under the line that the value stands on."""
    label, value, lines = _pieces(sheet, replace(style, label="size: 0.8em"), field)
    line = "line(length: 100%, stroke: 0.6pt)"
    return _whole(f"spacing: 3pt, {value or 'v(1.2em)'}, {line}, {label}"), label, lines + 1


def _stack(sheet: Sheet, style: Style, field: Field) -> Made:
    """The value below the label."""
    label, value, lines = _pieces(sheet, style, field)
    return _whole(f"spacing: 5pt, {label}, {value or 'v(0.8em)'}"), label, lines + 1


def _whole(stack: str) -> str:
    """What stands below each other, never with a page between label and value."""
    return f"block(breakable: false, stack({stack}))"


CUES: dict[str, Callable[[Sheet, Style, Field], Made]] = {
    "plain": _plain, "line": _lined, "dots": _dots, "box": _boxed, "inside": _inside,
    "under": _under, "stack": _stack,
}  # fmt: skip
