"""Transcripts: pages as they were read and corrected, and the formats to take them home in."""

from dessurt.transcript.formats import FORMATS, Format, write
from dessurt.transcript.pdf import Original
from dessurt.transcript.transcript import (
    Creator,
    Field,
    Source,
    TextBlock,
    Transcript,
    TranscriptError,
    TranscriptLine,
    TranscriptWord,
)

__all__ = [
    "FORMATS", "Creator", "Field", "Format", "Original", "Source", "TextBlock", "Transcript",
    "TranscriptError", "TranscriptLine", "TranscriptWord", "write",
]  # fmt: skip
