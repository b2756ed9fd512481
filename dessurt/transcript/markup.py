"""XML for hOCR, ALTO and PAGE: elements in which any text may stand, and coordinates in pixels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from dessurt.page.plane import Point
from dessurt.transcript.blocks import Placed, bounds

# What XML 1.0 forbids (section 2.2): control characters, half characters, and two non-characters.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REPLACEMENT = "\ufffd"
SCHEMA_LOCATION = "http://www.w3.org/2001/XMLSchema-instance"


def clean(text: str) -> str:
    """The text with U+FFFD for each character that no XML or text file may hold."""
    return _FORBIDDEN.sub(_REPLACEMENT, text)


def root(tag: str, namespace: str, schema: str = "", **attributes: str) -> Element:
    """The outermost element.

    Args:
        tag: its name.
        namespace: that of all names in it.
        schema: the address of the schema, if there is one.
        attributes: its own.
    """
    where = {"xmlns:xsi": SCHEMA_LOCATION, "xsi:schemaLocation": f"{namespace} {schema}"}
    return Element(tag, {"xmlns": namespace, **(where if schema else {}), **attributes})


def add(
    parent: Element, tag: str, text: str | None = None, /, **attributes: str | None
) -> Element:
    """A new element in another one; what is None or "" is left out of its attributes."""
    given = {key.rstrip("_"): clean(value) for key, value in attributes.items() if value}
    element = ElementTree.SubElement(parent, tag, given)
    element.text = None if text is None else clean(text)
    return element


def document(element: Element, doctype: str = "") -> bytes:
    """The document of a root in UTF-8."""
    ElementTree.indent(element)
    text = ElementTree.tostring(element, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{doctype}{text}\n'.encode()


def points(places: Iterable[Point], size: tuple[int, int]) -> str:
    """Points as "x,y x,y", whole pixels on the page."""
    height, width = size
    return " ".join(f"{_within(x, width)},{_within(y, height)}" for x, y in places)


def box(places: Sequence[Placed], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The box round things in whole pixels on the page."""
    x0, y0, x1, y1 = bounds(places)
    height, width = size
    return _within(x0, width), _within(y0, height), _within(x1, width), _within(y1, height)


def corners(area: tuple[int, int, int, int]) -> tuple[Point, ...]:
    """The corners of a box, clockwise from the upper left one on."""
    x0, y0, x1, y1 = area
    return (x0, y0), (x1, y0), (x1, y1), (x0, y1)


def _within(value: float, most: int) -> int:
    return min(max(round(value), 0), most)
