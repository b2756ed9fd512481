"""A transcript as PAGE 2019-07-15: https://github.com/PRImA-Research-Lab/PAGE-XML."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from dessurt.transcript.blocks import baseline_of, heading_levels
from dessurt.transcript.markup import add, box, corners, document, points, root
from dessurt.transcript.transcript import TextBlock, Transcript, TranscriptLine, TranscriptWord

_NAMESPACE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"
_CORRECTED = "corrected {by:person;}"  # the syntax that editors of PAGE use in this attribute


def page_xml(page: Transcript) -> bytes:
    """One page as PAGE 2019-07-15.

    A corrected line, and those of its words that a person wrote, have `custom="corrected
    {by:person;}"`, and these words have no confidence.
    """
    whole = root("PcGts", _NAMESPACE, f"{_NAMESPACE}/pagecontent.xsd")
    metadata = add(whole, "Metadata")
    add(metadata, "Creator", str(page.creator))
    for name in ("Created", "LastChange"):
        add(metadata, name, page.created or datetime.fromtimestamp(0, UTC).isoformat())
    height, width = page.size
    dpi = f"{page.source.dpi:g}" if page.source.dpi else None
    sheet = add(whole, "Page", imageFilename=page.source.file or "page", imageWidth=str(width),
                imageHeight=str(height), imageXResolution=dpi, imageYResolution=dpi,
                imageResolutionUnit=dpi and "PPI")  # fmt: skip
    if page.blocks:
        order = add(add(sheet, "ReadingOrder"), "OrderedGroup", id="order")
        for count in range(len(page.blocks)):
            add(order, "RegionRefIndexed", index=str(count), regionRef=f"region_{count + 1}")
    levels = heading_levels([block.lines for block in page.blocks])
    for count, (block, level) in enumerate(zip(page.blocks, levels, strict=True), 1):
        _add_region(sheet, block, "heading" if level else "paragraph", page.size, str(count))
    return document(whole)


def _add_region(
    sheet: Element, block: TextBlock, kind: str, size: tuple[int, int], key: str
) -> None:
    region = add(sheet, "TextRegion", id=f"region_{key}", type=kind)
    add(region, "Coords", points=points(corners(box(block.lines, size)), size))
    for count, line in enumerate(block.lines, 1):
        _add_line(region, line, size, f"{key}_{count}")
    _add_text(region, block.text, None)


def _add_line(region: Element, line: TranscriptLine, size: tuple[int, int], key: str) -> None:
    custom = _CORRECTED if line.corrected else None
    element = add(region, "TextLine", id=f"line_{key}", custom=custom)
    add(element, "Coords", points=points(line.quad, size))
    add(element, "Baseline", points=points(baseline_of(line.quad), size))
    for count, word in enumerate(line.words, 1):
        _add_word(element, word, size, f"{key}_{count}")
    _add_text(element, line.text, line.confidence)


def _add_word(line: Element, word: TranscriptWord, size: tuple[int, int], key: str) -> None:
    custom = _CORRECTED if word.confidence is None else None
    element = add(line, "Word", id=f"word_{key}", custom=custom)
    add(element, "Coords", points=points(word.quad, size))
    _add_text(element, word.text, word.confidence)


def _add_text(element: Element, text: str, confidence: float | None) -> None:
    conf = None if confidence is None else f"{confidence:.4f}"
    add(add(element, "TextEquiv", conf=conf), "Unicode", text)
