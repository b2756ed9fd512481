"""Transcripts as hOCR 1.2: XHTML that browsers show, with the places in titles.

See https://kba.github.io/hocr-spec/1.2/ for what the classes and properties mean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.etree.ElementTree import Element

from dessurt.page.plane import Quad
from dessurt.transcript.blocks import BASELINE, angle_of, height_of
from dessurt.transcript.markup import add, box, document, root
from dessurt.transcript.transcript import TextBlock, Transcript, TranscriptLine, TranscriptWord

_DOCTYPE = (
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" '
    '"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n'
)
_CAPABILITIES = "ocr_page ocr_carea ocr_par ocr_line ocrx_word ocrp_wconf"
_CORRECTED = "; x_corrected 1"
_STEEP = 45.0  # degrees; beyond that a baseline is no function of x


def hocr(transcripts: Sequence[Transcript]) -> bytes:
    """Pages as one hOCR file; lines and words that a person wrote have `x_corrected 1`."""
    html = root("html", "http://www.w3.org/1999/xhtml")
    head = add(html, "head")
    names = dict.fromkeys(page.source.file for page in transcripts)
    add(head, "title", ", ".join(filter(None, names)) or "Transcript")
    add(head, "meta", **{"http-equiv": "Content-Type", "content": "text/html; charset=utf-8"})
    creators = dict.fromkeys(str(page.creator) for page in transcripts)
    add(head, "meta", name="ocr-system", content=", ".join(creators) or "Dessurt")
    add(head, "meta", name="ocr-capabilities", content=_CAPABILITIES)
    add(head, "meta", name="ocr-number-of-pages", content=str(len(transcripts)))
    body = add(html, "body")
    for number, page in enumerate(transcripts, 1):
        _add_page(body, page, number)
    return document(html, _DOCTYPE)


def _add_page(body: Element, page: Transcript, number: int) -> None:
    height, width = page.size
    source = page.source
    name = source.file.replace("\\", "/").replace('"', "'").replace(";", ",")
    properties = [f'image "{name}"', f"bbox 0 0 {width} {height}", f"ppageno {source.number}"]
    if source.dpi:
        properties.append(f"scan_res {source.dpi:.0f} {source.dpi:.0f}")
    title = "; ".join(properties)
    area = add(body, "div", class_="ocr_page", id=f"page_{number}", title=title)
    for count, block in enumerate(page.blocks, 1):
        _add_block(area, block, page.size, f"{number}_{count}")


def _add_block(area: Element, block: TextBlock, size: tuple[int, int], key: str) -> None:
    title = _bbox(block.lines, size)
    column = add(area, "div", class_="ocr_carea", id=f"block_{key}", title=title)
    paragraph = add(column, "p", class_="ocr_par", id=f"par_{key}", title=title)
    for count, line in enumerate(block.lines, 1):
        _add_line(paragraph, line, size, f"{key}_{count}")


def _add_line(
    paragraph: Element, line: TranscriptLine, size: tuple[int, int], key: str
) -> None:
    title = "; ".join([_bbox([line], size), *_direction(line.quad)])
    title += f"; x_size {height_of(line.quad):.1f}" + _CORRECTED * line.corrected
    span = add(paragraph, "span", class_="ocr_line", id=f"line_{key}", title=title)
    for count, word in enumerate(line.words, 1):
        sure = word.confidence
        how = _CORRECTED if sure is None else f"; x_wconf {100 * sure:.0f}"
        title = _bbox([word], size) + how
        add(span, "span", word.text, class_="ocrx_word", id=f"word_{key}_{count}", title=title)


def _bbox(places: Sequence[TranscriptLine | TranscriptWord], size: tuple[int, int]) -> str:
    return "bbox {} {} {} {}".format(*box(places, size))


def _direction(quad: Quad) -> list[str]:
    """The baseline, from the lower left corner of the line's box, or by how much the text turns.

    The box's lower border is where the lower of the two lower corners lies.
    """
    angle = angle_of(quad)
    if abs(angle) > _STEEP:
        return [f"textangle {-angle % 360:.1f}"]  # counted the other way
    slope = math.tan(math.radians(angle))
    (_, _), (_, _), (cx, cy), (dx, dy) = quad
    left, bottom = min(dx, quad[0][0]), max(cy, dy)
    rise = BASELINE * height_of(quad) / math.cos(math.radians(angle))
    offset = dy + slope * (left - dx) - rise - bottom
    return [f"baseline {slope:.4f} {offset:.1f}"]
