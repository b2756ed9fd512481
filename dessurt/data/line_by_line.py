"""Line by line: a paragraph that was read and corrected, as the lines that it consists of.

A small checkpoint reads paragraphs as single lines (see `dessurt.reading`), so that is what it can
learn from them.
"""

from __future__ import annotations

from dataclasses import replace

from dessurt.data.example import Example
from dessurt.data.passage import BREAK
from dessurt.page.lines import highlighted_lines, page_lines

BLOCKS = ("read_block0>", "read_block>")


def lines_of(example: Example) -> tuple[Example, ...]:
    """A `w0>` for each line of a block; anything else, or a block of whose lines it is not clear
    which text is whose, as it is.
    """
    request = example.request
    if request.task not in BLOCKS:
        return (example,)
    split = highlighted_lines if request.marks.has("highlight") else page_lines
    marked = split(example.page, request.marks)
    texts = [answer.split(BREAK) for answer in example.answers]
    if any(len(each) != len(marked) for each in texts):
        return (example,)
    return tuple(
        replace(example, request=replace(request, task="w0>", marks=marks), answers=right)
        for marks, right in zip(marked, zip(*texts, strict=True), strict=True)
        if all(right)
    )
