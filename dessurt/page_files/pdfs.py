"""PDF: pages drawn by PDFium."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from dessurt.page_files.limits import (
    MAX_PIXELS,
    MAX_SIDE,
    PDF_DPI,
    LockedError,
    PageError,
    check_number,
    damaged,
)

XFA = (
    "The form in this PDF is of the kind XFA, which is not drawn: if something is missing, print "
    "it to a new PDF in Adobe Reader first."
)
_NO_PAGES = "{} is a PDF without pages: save or download it again."
_NEWEST_PROTECTION = 6  # the revision of the standard security handler in PDF 2.0
_POINT = 1 / 72  # inch
_MOST_UNIT = 1000.0  # points that a unit of a page may have
_THUMB = 144.0  # units; a page with none longer is one in other units, or a very small one

logging.getLogger("pypdfium2").setLevel(logging.ERROR)  # advice on how to build it with XFA


def count_pages(path: Path, password: str | None) -> int:
    """How many pages a PDF has.

    Raises:
        PageError: it cannot be read.
    """
    with _opened(path, password) as document:
        return len(document)


def draw_page(
    path: Path, number: int, side: int | None, password: str | None
) -> tuple[np.ndarray, str]:
    """One page at 150 dpi, or at less if it would be too large or longer than `side`.

    Returns:
        uint8 [H, W, 3]; what a person should know of it, or "".

    Raises:
        PageError: it cannot be drawn, or there is no such page.
    """
    with _opened(path, password) as document:
        check_number(number, len(document), path.name)
        xfa = document.get_formtype() in (pdfium_c.FORMTYPE_XFA_FULL,
                                          pdfium_c.FORMTYPE_XFA_FOREGROUND)  # fmt: skip
        document.init_forms()  # so that filled-in fields are drawn
        page = document[number]
        width, height = page.get_size()
        if not (width > 0 and height > 0):  # a crop box that lies outside the sheet
            page.set_cropbox(*page.get_mediabox())
            width, height = page.get_size()
        if not (width > 0 and height > 0):
            raise PageError(f"Page {number + 1} of {path.name} has no size: print it to a new PDF.")
        scale = PDF_DPI * _POINT * _unit(path, number, max(width, height), password)
        scale = min(scale, (0.99 * MAX_PIXELS / (width * height)) ** 0.5)
        scale = min(scale, 0.99 * (side or MAX_SIDE) / max(width, height))
        bitmap = page.render(scale=scale, rev_byteorder=True)
        pixels = np.array(bitmap.to_numpy()[:, :, :3])  # the bitmap ends with the document
        return pixels, XFA if xfa else ""


def unlocked(path: Path, password: str) -> bytes:
    """The same PDF without its password.

    Raises:
        PageError: it cannot be read with this password.
    """
    with _opened(path, password) as document:
        copy = io.BytesIO()
        document.save(copy, flags=pdfium_c.FPDF_REMOVE_SECURITY)
        return copy.getvalue()


@contextmanager
def _opened(path: Path, password: str | None) -> Iterator[pdfium.PdfDocument]:
    """The open document.

    Raises:
        PageError: it cannot be opened, or PDFium fails later on.
    """
    # PDFium does not always say why it opened nothing: then it repeats what it said of the last
    # file, which is to be this empty one.
    pdfium_c.FPDF_LoadMemDocument(b"", 0, None)
    try:
        document = pdfium.PdfDocument(path, password=password)
        try:
            if not len(document):
                raise PageError(_NO_PAGES.format(path.name))
            yield document
        finally:
            document.close()
    except pdfium.PdfiumError as error:
        code = getattr(error, "err_code", None)
        unknown = code == pdfium_c.FPDF_ERR_SECURITY
        if code == pdfium_c.FPDF_ERR_PASSWORD:
            if not _is_of_unknown_protection(path):
                raise _locked(path.name, password) from None
            unknown = True
        if unknown:
            raise PageError(
                f"{path.name} is protected in a way that cannot be read here: save a copy without "
                "protection."
            ) from None
        if _is_without_pages(path):
            raise PageError(_NO_PAGES.format(path.name)) from None
        raise damaged(path.name) from error
    except UnicodeEncodeError:  # half a character, which no password has
        raise _locked(path.name, password) from None


def _locked(name: str, password: str | None) -> LockedError:
    return LockedError(
        f"{name} is protected by a password: "
        + ("this one does not open it." if password else "give it, or save a copy without.")
    )


def _is_of_unknown_protection(path: Path) -> bool:
    """Whether no password helps, though PDFium asks for one: the protection is newer than it."""
    import pypdf

    try:
        protection: Any = pypdf.PdfReader(path).trailer["/Encrypt"].get_object()
        return int(protection["/R"]) > _NEWEST_PROTECTION
    except NotImplementedError:
        return True
    except Exception:  # what it does not understand, PDFium did
        return False


def _is_without_pages(path: Path) -> bool:
    """Whether another reader finds no page, where PDFium finds nothing at all."""
    import pypdf

    try:
        return not pypdf.PdfReader(path).pages
    except Exception:  # it finds nothing, either
        return False


def _unit(path: Path, number: int, longest: float, password: str | None) -> float:
    """How many points a unit of a page has. PDFium takes it for one whatever the page says.

    A second reader looks it up where it may be another: where the file names it, or might do so
    under a compression and the page is smaller than a thumb.
    """
    content = path.read_bytes()
    if b"/UserUnit" not in content and not (longest <= _THUMB and b"/ObjStm" in content):
        return 1.0
    import pypdf

    try:
        reader = pypdf.PdfReader(io.BytesIO(content), password=password)
        unit = float(reader.pages[number].user_unit)
    except Exception:  # what this reader cannot open, PDFium could
        return 1.0
    return unit if 0 < unit <= _MOST_UNIT else 1.0
