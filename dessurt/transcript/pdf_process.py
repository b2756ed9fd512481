"""The process in which a searchable PDF is written: it can be killed, and holds nothing else.

It reads what it has to do as JSON, {"path", "seconds", "pages": [{"transcript", "file", "number",
"password"}]}, and answers with JSON, {} or {"error", "locked"} or {"errno"}.
"""

from __future__ import annotations

import errno
import io
import json
import signal
import sys
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pikepdf
from pikepdf import Page, Pdf

from dessurt.page.plane import Box
from dessurt.page_files.images import is_image
from dessurt.page_files.limits import MEGABYTES, LockedError, PageError, check_number, damaged
from dessurt.page_files.worker import be_killed_after, head_of, limit_memory
from dessurt.transcript.pdf_pictures import picture_page
from dessurt.transcript.pdf_text import TextLayer, inherited
from dessurt.transcript.transcript import Transcript

_LETTER = (0.0, 0.0, 612.0, 792.0)  # points: the size of a page that says none


def main() -> None:
    """Write one file."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the program that started us
    job = json.load(sys.stdin.buffer)
    be_killed_after(job["seconds"] + 2)  # if the other side is gone and cannot do it
    sizes = {page["file"]: _size(page["file"]) for page in job["pages"]}
    limit_memory(MEGABYTES + 2 * sum(sizes.values()) // 2**20)  # they are held until the end
    print(json.dumps(answer(job)), flush=True)


def _size(file: str) -> int:
    path = Path(file)
    return path.stat().st_size if path.is_file() else 0


def answer(job: dict[str, Any]) -> dict[str, Any]:
    """Write the file, and say what went wrong."""
    book = _Book()
    try:
        book.fill(job["pages"])
        with open(job["path"], "wb") as file:
            book.save(file)
    except PageError as error:
        return {"error": str(error), "locked": isinstance(error, LockedError)}
    except OSError as error:  # of the new file: `head_of` tells of the others
        return {"errno": error.errno or errno.EIO}
    except MemoryError:
        return {"error": f"{book.name} takes too much memory: save it smaller."}
    except Exception:  # whatever a reader raises for a file that was made to harm
        return {"error": str(damaged(book.name))}
    return {}


class _Book:
    """A new PDF of pages of any files, or all pages of one PDF with the rest of it."""

    def __init__(self) -> None:
        self.pdf = Pdf.new()
        self.sources: dict[Path, Pdf] = {}
        self.name = ""  # of the file that is being read

    def fill(self, pages: list[dict[str, Any]]) -> None:
        """Lay text over pages.

        Raises:
            PageError: a file cannot be read.
        """
        whole = self._whole(pages)
        self.pdf = whole or self.pdf
        self.layer = TextLayer(self.pdf)
        for number, page in enumerate(pages):
            transcript = Transcript.from_json(page["transcript"])
            if not whole:
                self._append(page, transcript)
            sheet = self.pdf.pages[number]
            self.layer.lay(sheet, transcript, place_of(sheet, transcript.size))

    def _whole(self, pages: list[dict[str, Any]]) -> Pdf | None:
        """The PDF of which these are all pages in their order, if there is one."""
        path = Path(pages[0]["file"])
        if len({page["file"] for page in pages}) > 1 or not self._is_pdf(path):
            return None
        pdf = self._source(path, pages[0]["password"])
        numbers = [page["number"] for page in pages]
        return pdf if numbers == list(range(len(pdf.pages))) else None

    def _append(self, page: dict[str, Any], transcript: Transcript) -> None:
        path, number = Path(page["file"]), page["number"]
        if self._is_pdf(path):
            pages = self._source(path, page["password"]).pages
            check_number(number, len(pages), path.name)
            self.pdf.pages.append(pages[number])
        else:
            with Pdf.open(io.BytesIO(picture_page(path, number, transcript))) as picture:
                self.pdf.pages.append(picture.pages[0])

    def _is_pdf(self, path: Path) -> bool:
        self.name = path.name  # whatever goes wrong from here on is said of it
        head = head_of(path)
        return b"%PDF-" in head and not is_image(head)

    def _source(self, path: Path, password: str | None) -> Pdf:
        if path not in self.sources:
            try:
                self.sources[path] = Pdf.open(path, password=password or "")
            except pikepdf.PasswordError:
                raise LockedError(
                    f"{path.name} is protected by a password: give it, or save a copy without."
                ) from None
        return self.sources[path]

    def save(self, file: BinaryIO) -> None:
        """Write it, with all streams but ours as they were."""
        self.layer.finish()
        self.pdf.save(
            file,
            compress_streams=False,
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
        )


def place_of(page: Page, size: tuple[int, int]) -> np.ndarray:
    """The map [2, 3] from the pixels of a page as it is looked at to the units of its sheet.

    Args:
        page: the page, turned and cropped as it may be.
        size: height and width of the page in pixels.
    """
    height, width = size
    x0, y0, x1, y1 = _visible(page)
    # Where the upper left corner lies, and how far the way to the right and that down lead.
    corner, right, down = {
        0: ((x0, y1), (x1 - x0, 0), (0, y0 - y1)),
        90: ((x0, y0), (0, y1 - y0), (x1 - x0, 0)),
        180: ((x1, y0), (x0 - x1, 0), (0, y1 - y0)),
        270: ((x1, y1), (0, y0 - y1), (x0 - x1, 0)),
    }[_quarters(page)]
    return np.column_stack((np.divide(right, width), np.divide(down, height), corner))


def _visible(page: Page) -> Box:
    """What is seen of the sheet, as PDFium sees it: the crop box inside of the media box."""
    media = _box(page, "/MediaBox") or _LETTER
    crop = _box(page, "/CropBox") or media
    x0, y0 = max(media[0], crop[0]), max(media[1], crop[1])
    x1, y1 = min(media[2], crop[2]), min(media[3], crop[3])
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else media


def _box(page: Page, name: str) -> Box | None:
    try:
        a, b, c, d = (float(each) for each in inherited(page, name))
    except (TypeError, ValueError):
        return None
    x0, y0, x1, y1 = min(a, c), min(b, d), max(a, c), max(b, d)
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def _quarters(page: Page) -> int:
    """By how many degrees a page is turned to the right when it is looked at: 0, 90, 180, 270."""
    try:
        return int(inherited(page, "/Rotate")) // 90 * 90 % 360
    except (TypeError, ValueError):
        return 0


if __name__ == "__main__":
    main()
