"""Lines of text: where they are on a page, and what parts of them somebody marked."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import cv2
import numpy as np
from scipy.sparse.csgraph import connected_components

from dessurt.page.ink import connected, ink_of, letters_of, working_copy
from dessurt.page.level import Level, level_in, level_of, measure_level
from dessurt.page.line_height import HEIGHT_RULES, height_of
from dessurt.page.marks import Marks, Shape
from dessurt.page.pixels import Page
from dessurt.page.plane import Box
from dessurt.page.tilt import clear_slope, feet_of, quantile


@dataclass(frozen=True)
class LineRules:
    """What belongs to one line of text.

    Lengths are in letters where nothing else is said: in the median height of the page's connected
    bits of ink, which lies between that of a small letter and that of a capital.
    """

    smear: float = 0.8  # letters that are closer than this are of one word
    speck: float = 0.2  # what is smaller is no word
    near: float = 1.0  # heights of words; words of a line are closer, as far as is known at first
    far: float = 1.5  # the same when parts of lines are known
    beside: float = 0.5  # share of the lower word's height that lies beside a word of its line
    alike: float = 2.2  # words of one line differ in height by a smaller factor
    rule: float = 0.8  # share of the height that two words have in common: a rule that parts them
    word: float = 1.3  # height that a word without tall letters is given in comparisons
    askew: float = 8.0  # degrees on a level page; words of a line that is tilted by more stay apart
    above: float = 1.1  # rises of tall letters, from where a line stands to its upper border
    below: float = 0.36  # the same, to its lower border
    margin: float = 0.15  # left free on both sides of a line
    dense_row: float = 0.12  # share of the fullest row's ink that a row of a line has at least
    least_row: float = 0.5  # height of a line among those that touch each other, at least
    column: int = 2  # lines at least: a date on the right is no column beside the letter
    most_words: int = 3000  # a page of noise or photographs would take for ever
    one_line: float = 5.0  # heights of marks: those no further from each other may be one line


RULES = LineRules()


def find_lines(gray: np.ndarray, level: Level | None = None) -> tuple[Shape, ...]:
    """Find the lines of printed or written text on a page.

    Ink is what differs from the paper round it, so text may be dark on light or light on dark.
    Letters are smeared into words, and words with small gaps between them are joined to lines;
    the gap between two columns is wider.

    Args:
        gray: the page, uint8 or float32 [H, W], 0 black to 255 white.
        level: how its text lies; by default it is measured.

    Returns:
        A highlight of every line, in reading order: column by column.
    """
    level = measure_level(gray) if level is None else level
    gray, shrink = working_copy(gray)
    gray, (left, top) = level.whole_picture(gray, shrink)
    ink, rules = ink_of(gray)
    letters = letters_of(ink)
    letter = float(np.median(letters[:, 3])) if len(letters) else 0.0
    words = _words(ink, letter) if letter else np.empty((0, 4))
    if not 0 < len(words) <= RULES.most_words:
        return ()
    ruled = cv2.integral(rules)
    parts, part = _joined(words, ruled, letter, RULES.near)
    lines, line = _joined(parts, ruled, letter, RULES.far)
    boxes, slopes = _measured(lines, words, line[part], letters, ink.shape)
    text = [
        bool(slope) or _is_text(line, ink, letter)
        for line, slope in zip(lines.astype(int), slopes, strict=True)
    ]
    boxes, slopes = boxes[text], slopes[text]
    height, width = gray.shape
    margin = RULES.margin * letter * np.array([-1, 0, 1, 0])
    placed = (boxes + margin).clip(0, [width, height, width, height]) + [left, top, left, top]
    order = _reading_order(boxes, letter)
    return tuple(
        level.shape("highlight", (x0, y0, x1, y1), slope)
        for (x0, y0, x1, y1), slope in zip(
            (placed[order] / shrink).tolist(), slopes[order].tolist(), strict=True
        )
    )


def lines_of(page: Page) -> tuple[Shape, ...]:
    """The lines of `find_lines` on a page, looked for once for as long as the page is in use."""
    if page not in _found:
        _found[page] = find_lines(page.gray, level_of(page))
    return _found[page]


_found: WeakKeyDictionary[Page, tuple[Shape, ...]] = WeakKeyDictionary()


def _words(ink: np.ndarray, letter: float) -> np.ndarray:
    """Boxes of words or of longer pieces of lines: float [n, 4]."""
    smear = np.ones((1, max(3, round(RULES.smear * letter))), np.uint8)
    smeared = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, smear)
    boxes: list[tuple[int, int, int, int]] = []
    for x, y, width, height, _ in connected(smeared, 4).tolist():
        if max(width, height) < RULES.speck * letter:
            continue  # a speck
        piece = (x, y, x + width, y + height)
        if min(width, height) > RULES.alike * letter:
            boxes += _rows(ink, piece, letter)
        else:
            boxes.append(piece)
    return np.array(boxes, float).reshape(-1, 4)


def _rows(
    ink: np.ndarray, piece: tuple[int, int, int, int], letter: float
) -> list[tuple[int, int, int, int]]:
    """The box of each line in a piece whose lines touch each other."""
    x0, y0, x1, y1 = piece
    ink = ink[y0:y1, x0:x1]
    rows = ink.mean(1)
    full = rows >= RULES.dense_row * np.percentile(rows, 90)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], full, [0]])))
    starts, stops = edges[::2], edges[1::2]
    tall = stops - starts >= RULES.least_row * letter
    middles = ((stops[tall][:-1] + starts[tall][1:]) // 2).tolist()
    boxes = []
    for top, bottom in zip([0, *middles], [*middles, len(ink)], strict=True):
        x, y, width, height = cv2.boundingRect(ink[top:bottom])
        boxes.append((x0 + x, y0 + top + y, x0 + x + width, y0 + top + y + height))
    return boxes


def _measured(
    lines: np.ndarray,
    words: np.ndarray,
    line_of_word: np.ndarray,
    letters: np.ndarray,
    size: tuple[int, ...],
) -> tuple[np.ndarray, np.ndarray]:
    """Each line's box and its slope, if it is not level even so, else 0.

    A box covers all ink, and its height does not hang on which letters a line has: it is measured
    from those that rise, as tall ones are in nearly every line. The box of a line that slopes is as
    if its letters were level.

    Args:
        lines: round the ink of each, float [n, 4].
        words: float [m, 4]; `line_of_word`: which line each is in.
        letters: float [k, 4] of x, y, width and height.
        size: (height, width) of the page.
    """
    owner = np.full(size, -1, np.int32)  # the line at each pixel
    for (x0, y0, x1, y1), number in zip(words.astype(int).tolist(), line_of_word, strict=True):
        owner[y0:y1, x0:x1] = number
    x, y = (letters[:, :2] + letters[:, 2:] / 2).astype(int).T
    line_of_letter = owner[y, x]
    boxes, slopes = lines.copy(), np.zeros(len(lines))
    for number, (x0, y0, x1, y1) in enumerate(lines.tolist()):
        own = letters[line_of_letter == number]
        feet, tall = feet_of(own)
        slopes[number] = slope = clear_slope(feet, tall, RULES.askew)
        fall = slope * (own[:, 0] + own[:, 2] / 2 - (x0 + x1) / 2)
        heads, feet = own[:, 1] - fall, own[:, 1] + own[:, 3] - fall
        if slope:
            y0, y1 = float(heads.min()), float(feet.max())
        full = own[:, 3] >= tall / 2  # no dots
        if full.any():
            base = quantile(feet[full], 0.5)
            rise = quantile(base - heads[full], 0.9)
            y0, y1 = min(y0, base - RULES.above * rise), max(y1, base + RULES.below * rise)
        boxes[number, 1::2] = y0, y1
    return boxes, slopes


def _joined(
    boxes: np.ndarray, ruled: np.ndarray, letter: float, reach: float
) -> tuple[np.ndarray, np.ndarray]:
    """Join boxes that lie beside each other, less than `reach` of their height apart, unless a
    rule runs down between them, as between the cells of a table.

    Returns:
        the boxes [n, 4] of what was joined, and the number of the one that each became a part of.
    """
    x0, y0, x1, y1 = boxes.T
    height = y1 - y0
    size = np.maximum(height, RULES.word * letter)
    lower = np.minimum.outer(size, size)
    top, bottom = np.maximum.outer(y0, y0), np.minimum.outer(y1, y1)
    left, right = np.minimum.outer(x1, x1), np.maximum.outer(x0, x0)
    together = (
        (bottom - top >= RULES.beside * np.minimum.outer(height, height))
        & (right - left < reach * lower)
        & (np.maximum.outer(size, size) < RULES.alike * lower)
    )
    apart = np.nonzero(together & (right > left))
    gaps = np.stack([left, top, right, bottom], -1)[apart].astype(int)
    together[apart] = ~_divided(gaps, ruled)
    _, group = connected_components(together, directed=False)
    order = np.argsort(group, kind="stable")
    first = np.unique(group[order], return_index=True)[1]
    corners = (
        np.minimum.reduceat(boxes[order, :2], first),
        np.maximum.reduceat(boxes[order, 2:], first),
    )
    return np.concatenate(corners, axis=1), group


def _divided(gaps: np.ndarray, ruled: np.ndarray) -> np.ndarray:
    """Whether a rule runs down through each box: bool [n]; `ruled`: pixels of rules, summed up."""
    x0, y0, x1, y1 = gaps.T
    inside = ruled[y1, x1] - ruled[y0, x1] - ruled[y1, x0] + ruled[y0, x0]
    return inside >= RULES.rule * (y1 - y0)


def _is_text(box: np.ndarray, ink: np.ndarray, letter: float) -> bool:
    """Whether a box is neither a speck, a solid bar, the frame of something nor a picture."""
    x0, y0, x1, y1 = box.tolist()
    width, height = x1 - x0, y1 - y0
    if height < 0.6 * letter or width < 0.4 * letter or height > min(12 * letter, 3 * width):
        return False
    return 0.04 <= ink[y0:y1, x0:x1].mean() <= 0.8


def _reading_order(boxes: np.ndarray, letter: float) -> list[int]:
    """Indices of boxes: what a white stripe divides into columns is read column by column."""
    # Of each line its middle half: marks drawn round lines with margins overlap.
    quarter = (boxes[:, 3:] - boxes[:, 1:2]) / 4
    boxes = boxes + quarter * [0, 1, 0, -1]
    order: list[int] = []
    rest = [np.arange(len(boxes))]
    while rest:
        some = rest.pop()
        for axis, least in ((0, RULES.word * letter), (1, 0.0)):  # columns, then what lies in each
            gap, cut = _widest_gap(boxes[some][:, axis], boxes[some][:, axis + 2])
            before = boxes[some, axis] < cut
            if gap > least and (axis or min(before.sum(), (~before).sum()) >= RULES.column):
                rest += [some[~before], some[before]]
                break
        else:
            order += some[np.lexsort((boxes[some, 1], boxes[some, 0]))].tolist()
    return order


def _widest_gap(starts: np.ndarray, ends: np.ndarray) -> tuple[float, float]:
    """The widest stretch that no interval covers, and where it ends; (0, 0) if there is none."""
    if len(starts) < 2:
        return 0.0, 0.0
    order = np.argsort(starts)
    gaps = starts[order][1:] - np.maximum.accumulate(ends[order])[:-1]
    widest = int(np.argmax(gaps))
    return float(gaps[widest]), float(starts[order][widest + 1])


def page_lines(page: Page, marks: Marks) -> list[Marks]:
    """A highlight of each line of text on the page, in reading order; masks belong to all.

    What is highlighted already does not matter.
    """
    return [Marks((line, *marks.of("mask"))) for line in lines_of(page)]


def highlighted_lines(page: Page, marks: Marks) -> list[Marks]:
    """The marks of each highlighted line of text, in reading order; masks belong to all.

    A shape that covers several lines is cut into them; shapes beside each other are one line.
    """
    shapes = [part for shape in marks.of("highlight") for part in _cut_into_lines(page, shape)]
    if not shapes:
        return []
    levels = sorted((level_in(page, shape) for shape in shapes), key=lambda level: level.angle)
    level = levels[len(levels) // 2]  # in which most of what is marked lies
    groups = _grouped([(shape, level.bounds(shape)) for shape in shapes])
    lines = [Marks((*(shape for shape, _ in group), *marks.of("mask"))) for group in groups]
    each = [np.array([box for _, box in group]) for group in groups]
    boxes = np.array([[*box.min(0)[:2], *box.max(0)[2:]] for box in each])
    letter = float(np.median(boxes[:, 3] - boxes[:, 1])) / 2
    return [lines[i] for i in _reading_order(boxes, letter)]


def _grouped(shapes: list[tuple[Shape, Box]]) -> list[list[tuple[Shape, Box]]]:
    """Shapes with their level boxes, those together that are parts of one line."""
    groups: list[list[tuple[Shape, Box]]] = []
    for shape, box in shapes:
        beside = (group for group in groups if any(_beside(box, other) for _, other in group))
        group = next(beside, None)
        if group is None:
            groups.append([(shape, box)])
        else:
            group.append((shape, box))
    return groups


def _cut_into_lines(page: Page, shape: Shape) -> list[Shape]:
    """The parts of lines of text that lie in a shape's bounds; itself, if there are not several."""
    level = level_in(page, shape)
    x0, y0, x1, y1 = level.bounds(shape)
    if y1 - y0 <= HEIGHT_RULES.several * height_of(page, shape):
        return [shape]
    lines = lines_of(page) if level == level_of(page) else find_lines(page.gray, level)
    parts = []
    for left, top, right, bottom in map(level.bounds, lines):
        inside = (max(left, x0), top, min(right, x1), bottom)
        if y0 < (top + bottom) / 2 < y1 and inside[2] - inside[0] > (right - left) / 2:
            parts.append(level.shape("highlight", inside))
    return parts or [shape]


def _beside(one: Box, other: Box) -> bool:
    """Whether two marks are parts of one line."""
    left, top, right, bottom = one
    x0, y0, x1, y1 = other
    lower = min(bottom - top, y1 - y0)
    shared = min(bottom, y1) - max(top, y0)
    return shared > lower / 2 and max(left, x0) - min(right, x1) < RULES.one_line * lower
