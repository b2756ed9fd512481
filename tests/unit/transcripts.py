"""Lines as a model reads them, for tests of transcripts."""

from __future__ import annotations

import math

import numpy as np

from dessurt.protocol import TextLine, Word
from dessurt.transcript import Creator, Source, Transcript
from dessurt.transcript.correction import part

LETTER = 15.0  # pixels
HOSTILE = 'a<b>&"c"\x00\x01\ud800\ufffe]]>é'  # what XML escapes, and what it forbids


def line(
    x: float, y: float, text: str, height: float = 30, angle: float = 0, confidence: float = 0.9
) -> TextLine:
    """A line that begins at (x, y) and falls to the right by some degrees."""
    along = np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))])
    down = height * np.array([-along[1], along[0]])
    start, end = np.array([x, y]), np.array([x, y]) + along * LETTER * max(len(text), 1)
    a, b, c, d = (tuple(map(float, p)) for p in (start, end, end + down, start + down))
    words, at = [], 0
    for word in text.split():
        ends = at / len(text), (at + len(word)) / len(text)
        words.append(Word(word, part((a, b, c, d), *ends), confidence))
        at += len(word) + 1
    return TextLine((a, b, c, d), tuple(words))


def transcript(*lines: TextLine, **more) -> Transcript:
    """A page of 1000 x 1400 pixels."""
    more = {"source": Source("page.png", 0, "0f" * 16, 150.0), **more}
    return Transcript.of(lines, (1400, 1000), creator=Creator("small"), **more)


LETTER_LINES = (
    line(100, 100, "A Letter", height=60),
    line(100, 300, "Dear Ann, this is the exam-", confidence=0.75),
    line(100, 335, "ple. Another example is Ωμέγα Привет €", confidence=0.6),
    line(120, 700, "slanted writing", angle=4),
    line(900, 1000, "upwards", angle=-90),
)
