"""Pages with a truth from PDF documents that have a text layer: `dessurt data from-pdf`.

What a document says of its characters is not always what it prints, so only what can be trusted is
kept. A page is left out that is turned, cropped, a scan with a text layer under it, nearly empty,
or printed before. A line is left out that holds a character which has no Unicode value or none that
the generator prints, that is turned, or whose ink does not lie where its characters should be.
"""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from tqdm import tqdm

from dessurt.data.records import DataError
from dessurt.data.sets.files import damaged, read_json
from dessurt.page.marks import Box
from dessurt.synth import SynthPage
from dessurt.synth.files import save
from dessurt.synth.page import SCALE
from dessurt.synth.pdftext import lines_of
from dessurt.synth.text import clean
from dessurt.truth import Line, Paragraph, Truth
from dessurt.whole_files import write_whole

KIND = "pdf"
FEWEST = 4  # lines that can be trusted; pages with fewer are left out
MOST_LOST = 0.5  # of a page's characters in other lines: with more, all are doubtful
MOST_IMAGE = 0.5  # of a page that pictures cover: more is a scan
MOST_PIXELS = 8_000_000  # of a page: posters are left out
LOWEST = 8.0  # pixels of a line's height: nobody reads what is smaller
# Ink is what differs from the paper round it by so many of 255 levels of grey.
CONTRAST = 48
BESIDE = 0.06  # of a line's ink, at most, that lies beside its characters
BLANK = 0.04  # of its characters, at most, that have no ink
# Of a line's height: how far below the line before the next line of a paragraph begins at least and
# at most, how much their heights may differ, and how far apart they may begin.
GAP, ALIKE, SHIFT = (-0.5, 1.0), 0.2, 2.5
LONG, SHARED = 25, 3  # so many lines in common that are so long: it is the same page


@dataclass
class Pages:
    """Makes pages of documents, each page once.

    Attributes:
        known: long lines of pages that are not to be made, such as those that are measured on.
        seen: digests of pages that were made.
    """

    known: frozenset[str] = frozenset()
    seen: set[bytes] = field(default_factory=set)

    def of(self, path: Path, most: int) -> Iterator[tuple[int, SynthPage]]:
        """The pages of a document that can be trusted, with their numbers from 1.

        Args:
            path: of the document.
            most: pages that are looked at, spread evenly.

        Raises:
            DataError: the document cannot be read.
        """
        try:
            with pdfium.PdfDocument(path) as document:
                count = min(len(document), most)
                for number in (i * len(document) // count for i in range(count)):
                    found = self._page(document[number])
                    if found is not None:
                        yield number + 1, found
        except pdfium.PdfiumError as error:
            raise DataError(f"PDFium cannot read it ({error}).", path) from error

    def _page(self, pdf_page: pdfium.PdfPage) -> SynthPage | None:
        if not _is_plain(pdf_page):
            return None
        pixels = pdf_page.render(scale=SCALE, grayscale=True).to_numpy()
        pixels = pixels.reshape(pixels.shape[:2]).copy()
        size = pixels.shape
        doubts = _doubtful(pdf_page, size)
        lines = [line for _, line in lines_of(pdf_page, size, coloured=False)]
        sure = [line for line in lines if _is_sure(line, pixels, doubts)]
        if len(sure) < FEWEST or _length(sure) < (1 - MOST_LOST) * _length(lines):
            return None
        truth = Truth(size, KIND, tuple(paragraphs(sure)))
        shared = self.known & long_lines(line.text for line in sure)
        if (digest := digest_of(truth)) in self.seen or len(shared) >= SHARED:
            return None
        self.seen.add(digest)
        return SynthPage(pixels, truth)


def write_pages(
    folder: Path, out: Path, most: int, known: frozenset[str], tell: Callable[[str], None]
) -> int:
    """Make pages of all documents in a folder at any depth, and count those that are there then.

    Args:
        folder: of PDFs.
        out: for the pages, in such folders as those of their documents; a document whose file
            NAME.done is there is not looked at again.
        most: pages of a document, spread evenly.
        known: as in `Pages`.
        tell: is told of documents that cannot be read.

    Raises:
        DataError: there are no documents.
    """
    documents = sorted(folder.rglob("*.pdf"))
    if not documents:
        raise DataError("there are no documents NAME.pdf.", folder)
    done = {each: (out / each.relative_to(folder)).with_suffix(".done") for each in documents}
    before = [file.read_text("ascii") for file in done.values() if file.is_file()]
    pages = Pages(known, {bytes.fromhex(each) for text in before for each in text.split()})
    for document in tqdm([each for each in documents if not done[each].is_file()], unit="document"):
        done[document].parent.mkdir(parents=True, exist_ok=True)
        try:
            made = list(_written(pages.of(document, most), done[document]))
        except DataError as error:
            made = []
            tell(str(error))
        write_whole(done[document], "\n".join(made).encode("ascii"))
    return sum(1 for _ in out.rglob("*.json"))


def _written(pages: Iterable[tuple[int, SynthPage]], done: Path) -> Iterator[str]:
    """Write the pages of a document beside `done`, and give their digests."""
    for number, page in pages:
        save(page, done.with_name(f"{done.stem}-p{number:04d}.json"))
        yield digest_of(page.truth).hex()


def measured_lines(folder: Path) -> frozenset[str]:
    """The long lines of pages that are measured on; see `dessurt.evaluate.pages.real_pages`.

    Raises:
        DataError: a file in the folder does not describe a page.
    """
    found: list[str] = []
    for path in sorted(folder.rglob("*.json")):
        with damaged(path):
            found += [line["text"] for line in read_json(path).get("lines", ())]
    return long_lines(found)


def long_lines(texts: Iterable[str]) -> frozenset[str]:
    """Those lines that hardly occur on two pages by chance."""
    return frozenset(text for text in map(clean, texts) if len(text) >= LONG)


def digest_of(truth: Truth) -> bytes:
    """What tells the text of a page from that of others."""
    return hashlib.sha256("\n".join(line.text for line in truth.lines).encode()).digest()


def paragraphs(lines: Sequence[Line]) -> Iterator[Paragraph]:
    """Lines in the order of printing, joined where the next one follows below the one before."""
    block: list[Line] = []
    for line in lines:
        if block and not _follows(block[-1], line):
            yield Paragraph(tuple(block))
            block = []
        block.append(line)
    if block:
        yield Paragraph(tuple(block))


def _follows(before: Line, line: Line) -> bool:
    """Whether a line is the next one of a paragraph."""
    (left, _, right, bottom), (x0, top, x1, _), tall = before.box, line.box, before.height
    below = GAP[0] * tall < top - bottom < GAP[1] * tall
    alike = abs(line.height - tall) < ALIKE * tall
    return below and alike and abs(x0 - left) < SHIFT * tall and x0 < right and x1 > left


def _is_plain(pdf_page: pdfium.PdfPage) -> bool:
    """Whether a page lies upright and whole on its sheet, and is no picture."""
    width, height = pdf_page.get_size()
    cropped = not np.allclose(pdf_page.get_bbox(), (0, 0, width, height), atol=0.5)
    if pdf_page.get_rotation() or cropped:
        return False
    if not 0 < width * height * SCALE**2 <= MOST_PIXELS:
        return False
    covered = 0.0
    for thing in pdf_page.get_objects([pdfium_c.FPDF_PAGEOBJ_IMAGE]):
        left, bottom, right, top = thing.get_bounds()
        covered += max(min(right, width) - max(left, 0), 0) * max(
            min(top, height) - max(bottom, 0), 0
        )
    return covered <= MOST_IMAGE * width * height


def _length(lines: Sequence[Line]) -> int:
    return sum(len(line.text) for line in lines)


def _doubtful(pdf_page: pdfium.PdfPage, size: tuple[int, int]) -> np.ndarray:
    """Middles of the characters of which it is not known what they look like: float [n, 2]."""
    raw = pdf_page.get_textpage().raw
    box, matrix = pdfium_c.FS_RECTF(), pdfium_c.FS_MATRIX()
    found = []
    for i in range(pdfium_c.FPDFText_CountChars(raw)):
        thing = pdfium_c.FPDFText_GetTextObject(raw, i)
        sign = chr(pdfium_c.FPDFText_GetUnicode(raw, i))
        if not thing or sign.isspace():
            continue
        pdfium_c.FPDFText_GetMatrix(raw, i, ctypes.byref(matrix))
        level = matrix.d > 0 and abs(matrix.b) < 0.01 * abs(matrix.a)
        mapped = pdfium_c.FPDFText_HasUnicodeMapError(raw, i) == 0
        visible = pdfium_c.FPDFTextObj_GetTextRenderMode(thing) in _DRAWN
        if level and mapped and visible and (_is_printed(sign) or sign in _HYPHENS):
            continue
        pdfium_c.FPDFText_GetLooseCharBox(raw, i, ctypes.byref(box))
        found.append(((box.left + box.right) / 2, (box.top + box.bottom) / 2))
    width, height = pdf_page.get_size()
    return np.array(found).reshape(-1, 2) * (size[1] / width, -size[0] / height) + (0, size[0])


_DRAWN = (0, 1, 2)  # filled, outlined or both; not invisible, nor a shape to cut out
_HYPHENS = "\x02\xad\ufffe"  # as `pdftext` takes them


def _is_printed(sign: str) -> bool:
    """Whether nothing of a character is lost when a text is cleaned."""
    return bool(clean(sign)) and not any(each.isspace() for each in clean(sign))


def _is_sure(line: Line, pixels: np.ndarray, doubts: np.ndarray) -> bool:
    """Whether the ink of a line lies where its characters are said to be."""
    x0, y0, x1, y1 = line.box
    if line.height < LOWEST or min(x0, y0) < 0 or x1 > pixels.shape[1] or y1 > pixels.shape[0]:
        return False
    inside = (doubts > (x0 - 2, y0)) & (doubts < (x1 + 2, y1))
    return not inside.all(1).any() and _fits(line, pixels)


def _fits(line: Line, pixels: np.ndarray) -> bool:
    """Whether there is ink in each character and hardly any between them."""
    columns, left = _inked(line.box, pixels)
    covered = np.zeros(len(columns), bool)
    blank = 0
    for sign, ends in zip(line.text, line.ends[:, :, 0] - left, strict=True):
        if sign != " ":
            a, b = max(int(ends[0]) - 1, 0), int(np.ceil(ends[1])) + 1
            covered[a:b] = True
            blank += not columns[a:b].any()
    signs = len(line.text.replace(" ", ""))
    beside = columns[~covered].sum() / max(columns.sum(), 1)
    return bool(blank <= BLANK * signs and beside <= BESIDE)


def _inked(box: Box, pixels: np.ndarray) -> tuple[np.ndarray, int]:
    """The pixels with ink in each column of a box, and where the first column lies.

    Rules over the whole width, such as those of a table, are no ink.
    """
    x0, y0, x1, y1 = (round(each) for each in box)
    part = pixels[y0:y1, x0 : max(x1, x0 + 1)].astype(int)
    ink = abs(part - np.median(part)) > CONTRAST
    ink = ink[~ink.all(1)]
    return ink.sum(0), x0
