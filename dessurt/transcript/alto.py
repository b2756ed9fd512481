"""A transcript as ALTO 4.4: https://www.loc.gov/standards/alto/."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from dessurt.transcript.blocks import Placed, baseline_of, is_slanted
from dessurt.transcript.markup import add, box, document, points, root
from dessurt.transcript.transcript import TextBlock, Transcript, TranscriptLine

_NAMESPACE = "http://www.loc.gov/standards/alto/ns-v4#"
_SCHEMA = "http://www.loc.gov/standards/alto/v4/alto-4-4.xsd"
_READING, _CORRECTION = "reading", "correction"  # the steps by which the text came about


def alto(page: Transcript) -> bytes:
    """One page as ALTO 4.4; lines without a word are left out, as the schema has none.

    A corrected line has the correction status CS, and so have those of its words that a person
    wrote; these have no word confidence WC.
    """
    alto = root("alto", _NAMESPACE, _SCHEMA, SCHEMAVERSION="4.4")
    _add_description(alto, page)
    height, width = page.size
    whole = {"WIDTH": str(width), "HEIGHT": str(height)}
    layout = add(alto, "Layout")
    number = str(page.source.number + 1)
    sheet = add(layout, "Page", ID="page", PHYSICAL_IMG_NR=number, **whole, PROCESSINGREFS=_READING)
    space = add(sheet, "PrintSpace", HPOS="0", VPOS="0", **whole)
    for count, block in enumerate(page.blocks, 1):
        _add_block(space, block, page.size, str(count))
    return document(alto)


def _add_description(alto: Element, page: Transcript) -> None:
    description = add(alto, "Description")
    add(description, "MeasurementUnit", "pixel")
    image = add(description, "sourceImageInformation")
    add(image, "fileName", page.source.file)
    if page.source.digest:
        add(image, "fileIdentifier", page.source.digest, fileIdentifierLocation="pixels")
    step = add(description, "Processing", ID=_READING)
    add(step, "processingCategory", "contentGeneration")
    if page.created:
        add(step, "processingDateTime", page.created)
    add(step, "processingStepDescription", "reading")
    add(step, "processingStepSettings", f"checkpoint: {page.creator.checkpoint}")
    software = add(step, "processingSoftware")
    add(software, "softwareName", page.creator.software)
    add(software, "softwareVersion", page.creator.version)
    if page.corrected:
        step = add(description, "Processing", ID=_CORRECTION)
        add(step, "processingCategory", "contentModification")
        add(step, "processingStepDescription", "correction by a person")


def _add_block(space: Element, block: TextBlock, size: tuple[int, int], key: str) -> None:
    lines = [line for line in block.lines if line.words]
    if not lines:
        return
    element = add(space, "TextBlock", ID=f"block_{key}", **_place(lines, size))
    for count, line in enumerate(lines, 1):
        _add_line(element, line, size, f"{key}_{count}")


def _add_line(block: Element, line: TranscriptLine, size: tuple[int, int], key: str) -> None:
    corrected = {"CS": "true", "PROCESSINGREFS": _CORRECTION} if line.corrected else {}
    baseline = points(baseline_of(line.quad), size)
    element = add(block, "TextLine", ID=f"line_{key}", **_place([line], size), BASELINE=baseline,
                  **corrected)  # fmt: skip
    _add_shape(element, line, size)
    for count, word in enumerate(line.words, 1):
        if count > 1:
            add(element, "SP")
        sure = word.confidence
        string = add(element, "String", ID=f"word_{key}_{count}", **_place([word], size),
                     CONTENT=word.text, WC=None if sure is None else f"{sure:.4f}",
                     CS="true" if sure is None else None)  # fmt: skip
        _add_shape(string, word, size)


def _add_shape(element: Element, place: Placed, size: tuple[int, int]) -> None:
    if is_slanted(place.quad):
        add(add(element, "Shape"), "Polygon", POINTS=points(place.quad, size))


def _place(places: Sequence[Placed], size: tuple[int, int]) -> dict[str, str]:
    x0, y0, x1, y1 = box(places, size)
    names = {"HPOS": x0, "VPOS": y0, "WIDTH": x1 - x0, "HEIGHT": y1 - y0}
    return {name: str(value) for name, value in names.items()}
