"""The formats that pages can be taken home in, and the writing of a file of any of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dessurt.transcript.alto import alto
from dessurt.transcript.hocr import hocr
from dessurt.transcript.page_xml import page_xml
from dessurt.transcript.pdf import Original, write_pdf
from dessurt.transcript.text import fields_table, markdown, plain_text, readable_json
from dessurt.transcript.transcript import Transcript, TranscriptError
from dessurt.whole_files import replacing, write_whole

Writer = Callable[[Sequence[Transcript]], str | bytes]


@dataclass(frozen=True)
class Format:
    """A format of files."""

    name: str  # for programs
    title: str  # for people
    ending: str  # of the names of files
    writer: Writer | None  # None: the pages themselves are written too, not only what was read
    one_page: bool = False  # whether a file holds one page only


FORMATS: dict[str, Format] = {
    each.name: each
    for each in (
        Format("txt", "plain text", ".txt", plain_text),
        Format("md", "Markdown", ".md", markdown),
        Format("json", "JSON", ".json", readable_json),
        Format("csv", "form fields (CSV)", ".csv", fields_table),
        Format("hocr", "hOCR", ".hocr", hocr),
        Format("alto", "ALTO 4", ".alto.xml", lambda pages: alto(*pages), one_page=True),
        Format("page", "PAGE 2019", ".page.xml", lambda pages: page_xml(*pages), one_page=True),
        Format("pdf", "searchable PDF", ".pdf", None),
    )
}


def write(
    path: Path,
    name: str,
    transcripts: Sequence[Transcript],
    originals: Sequence[Original] = (),
) -> None:
    """Write pages to a file, whole or not at all.

    Args:
        path: the file; one that is there is replaced.
        name: of the format, as in `FORMATS`.
        transcripts: the pages in their order.
        originals: for a searchable PDF, where each of them is.

    Raises:
        TranscriptError: there is no such format, a file of it holds one page, or a page lacks its
            original.
        PageError: an original cannot be read, or takes too much time or memory.
        OSError: the file cannot be written; nothing is left of it.
    """
    if name not in FORMATS:
        raise TranscriptError(f"There is no format {name}: choose from {', '.join(FORMATS)}.")
    form = FORMATS[name]
    if form.one_page and len(transcripts) != 1:
        raise TranscriptError(f"A file holds one page as {form.title}: write a file for each.")
    if form.writer:
        content = form.writer(transcripts)
        write_whole(path, content.encode() if isinstance(content, str) else content)
        return
    if not transcripts or len(originals) != len(transcripts):
        raise TranscriptError("A searchable PDF needs at least a page, and the file of each.")
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        write_pdf(partial, transcripts, originals)
