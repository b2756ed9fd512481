"""What the Train tab shows of the data and of a run, as HTML."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Any

from rapidfuzz.distance import Levenshtein

from dessurt_app import strings
from dessurt_app.train.training import DataCheck, Progress

WIDTH, HEIGHT, LEFT, BOTTOM = 440, 150, 34, 18  # of the chart and its margins, in its own units
SMOOTH = 4  # records that a point of a line is the mean of
COLOURS = ("var(--accent)", "var(--faint)", "var(--unsure)")

Point = tuple[float, float]  # step, loss


def data_html(check: DataCheck, checkpoint: str) -> str:
    """What there is to learn from, and what is wrong with it."""
    states = ", ".join(f"{n} {strings.DATASET[state]}" for state, n in check.states.items() if n)
    lines = [
        strings.TRAIN_ROWS.format(rows=check.rows, pages=check.pages, states=states or "0"),
        strings.TRAIN_UNSEEN.format(n=check.unseen),
        strings.TRAIN_LEARNED.format(lines=check.learned[0], pages=check.learned[1]),
        strings.TRAIN_VALIDATED.format(lines=check.validated[0], pages=check.validated[1]),
        strings.TRAIN_TESTED.format(lines=check.tested[0], pages=check.tested[1]),
        strings.TRAIN_STARTS_FROM.format(name=checkpoint),
    ]
    told = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    wrong = "".join(f'<li class="problem">{html.escape(line)}</li>' for line in check.problems)
    return (
        f"<p>{strings.TRAIN_INTRO}</p><h3>{strings.TRAIN_DATA}</h3><ul>{told}{wrong}</ul>"
    )


def run_html(run: Progress | None) -> str:
    """A run as it stands; nothing where there is none."""
    if run is None:
        return ""
    numbers = {"spent": f"{run.spent:.1f}", "minutes": f"{run.minutes:g}", "told": run.told}
    state = strings.TRAIN_STATES[run.state].format(**numbers)
    parts = [
        f'<p class="state {run.state}" role="status">{html.escape(state)}</p>',
        _bar(run) if run.state in ("running", "stopping") else "",
        _table(run),
        _chart(run),
        _answers(run),
    ]
    return "".join(parts)


def command_html(run: Progress | None) -> str:
    """The command of a run, to be copied."""
    if run is None:
        return ""
    return (
        f"<details><summary>{strings.TRAIN_COMMAND}</summary>"
        f"<code>{html.escape(run.command)}</code></details>"
    )


def _bar(run: Progress) -> str:
    share = min(run.spent / run.minutes, 1.0)
    begins = "" if run.records("train") else f"<p>{strings.TRAIN_BEGINS}</p>"
    return f'<progress max="1" value="{share:.3f}" aria-hidden="true"></progress>{begins}'


def _table(run: Progress) -> str:
    """Errors before and after, task by task; what is not measured yet is left blank."""
    before = next(iter(run.records("before")), None)
    if before is None:
        return ""
    after = (run.records("after") or [{}])[-1]
    rows = []
    for key, value in before.items():
        if not key.endswith(" CER"):
            continue
        others = key.startswith("other pages, ")
        task = key.removeprefix("other pages, ").removesuffix(" CER")
        name = (strings.TRAIN_OTHERS if others else strings.TRAIN_MINE).format(task=task)
        cells = (name, _percent(value), _percent(after.get(key)))
        better = key in after and after[key] < value
        rows.append(
            f"<tr><th scope='row'>{html.escape(cells[0])}</th><td>{cells[1]}</td>"
            f"<td class='{'better' if better else ''}'>{cells[2]}</td></tr>"
        )
    heads = "".join(f"<th scope='col'>{head}</th>" for head in strings.TRAIN_COLUMNS)
    share = _share(run) if after else ""
    return (
        f"<h3>{strings.TRAIN_TABLE}</h3><table><thead><tr>{heads}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>{share}"
    )


def _share(run: Progress) -> str:
    kept = [look for look in run.records("look") if look.get("kept")]
    if not kept or kept[-1]["share"] >= 1:
        return ""
    return f"<p>{strings.TRAIN_SHARE.format(percent=round(100 * kept[-1]['share']))}</p>"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f} %"


def _answers(run: Progress) -> str:
    """Some answers of the last look, the wrong parts marked."""
    looks = run.records("look")
    if not looks or not looks[-1].get("answers"):
        return ""
    items = "".join(
        f"<li>{_marked(each['right'], each['written'])}"
        + ("" if each["right"] == each["written"] else
           f"<small>{strings.TRAIN_RIGHT}: {html.escape(each['right'])}</small>")
        + "</li>"
        for each in looks[-1]["answers"]
    )  # fmt: skip
    return f"<h3>{strings.TRAIN_ANSWERS}</h3><ul class='answers'>{items}</ul>"


def _marked(right: str, written: str) -> str:
    """What was written, with marks round what is wrong in it."""
    parts = []
    for step in Levenshtein.opcodes(right, written):
        text = html.escape(written[step.dest_start : step.dest_end])
        parts.append(text if step.tag == "equal" or not text else f"<mark>{text}</mark>")
    return "".join(parts)


def _chart(run: Progress) -> str:
    """The losses over the steps, as SVG."""
    train = run.records("train")
    lines = [_smooth(_points(train, "mine/text")), _smooth(_points(train, "rehearsal/text")),
             _points(run.records("look"), "loss")]  # fmt: skip
    every = [point for line in lines for point in line]
    if len(every) < 2:
        return ""
    last = max(step for step, _ in every) or 1
    most = max(loss for _, loss in every) or 1.0
    top = math.ceil(most * 2) / 2

    def at(point: Point) -> str:
        x = LEFT + point[0] / last * (WIDTH - LEFT - 6)
        y = 6 + (1 - point[1] / top) * (HEIGHT - BOTTOM - 6)
        return f"{x:.1f},{y:.1f}"

    drawn = "".join(
        f'<polyline points="{" ".join(map(at, line))}" stroke="{colour}"/>'
        for line, colour in zip(lines, COLOURS, strict=True)
    )
    for x, y in (at(point).split(",") for point in lines[2]):
        drawn += f'<circle cx="{x}" cy="{y}" r="3" fill="{COLOURS[2]}"/>'
    axes = "".join(
        f'<text x="{LEFT - 6}" y="{6 + (1 - share) * (HEIGHT - BOTTOM - 6) + 4:.1f}" '
        f'text-anchor="end">{top * share:g}</text>' for share in (0, 0.5, 1)
    ) + f'<text x="{WIDTH - 6}" y="{HEIGHT - 3}" text-anchor="end">{last:g}</text>'  # fmt: skip
    key = "".join(
        f'<span><i style="background: {colour}"></i>{name}</span>'
        for name, colour, line in zip(strings.TRAIN_LOSS_PARTS, COLOURS, lines, strict=True)
        if line
    )
    now = f"{lines[2][-1][1]:.2f}" if lines[2] else "–"
    said = strings.TRAIN_LOSS_SAID.format(value=now)
    return (
        f'<h3>{strings.TRAIN_LOSS}</h3><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{said}">{axes}{drawn}</svg><p class="key">{key}</p>'
    )


def _points(records: Sequence[dict[str, Any]], key: str) -> list[Point]:
    return [(each["step"], each[key]) for each in records if key in each]


def _smooth(points: list[Point]) -> list[Point]:
    """Each point as the mean of the last few."""
    found = []
    for i, (step, _) in enumerate(points):
        near = [loss for _, loss in points[max(i - SMOOTH + 1, 0) : i + 1]]
        found.append((step, sum(near) / len(near)))
    return found
