"""What the Train tab shows of the data and of a run, as HTML."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from rapidfuzz.distance import Levenshtein

from dessurt.run_log import Kind, Phase
from dessurt_app import strings
from dessurt_app.train.data_check import DataCheck, own_and_other_part
from dessurt_app.train.training import Progress

WIDTH, HEIGHT, LEFT, BOTTOM = 440, 150, 34, 18  # of the chart and its margins, in its own units
SMOOTH = 4  # records that a point of a line is the mean of
COLOURS = ("var(--accent)", "var(--faint)", "var(--unsure)")

Point = tuple[float, float]  # step, loss


def data_html(check: DataCheck, checkpoint: str) -> str:
    """What there is to learn from, and what is wrong with it."""
    states = ", ".join(f"{n} {strings.DATASET[state]}" for state, n in check.states.items() if n)
    saved = check.saved
    lines = [
        strings.TRAIN_ROWS.format(rows=saved.rows, pages=saved.pages, states=states or "0"),
        strings.TRAIN_UNSEEN.format(n=check.unseen),
        strings.TRAIN_LEARNED.format(**check.learned._asdict()),
        strings.TRAIN_VALIDATED.format(**check.validated._asdict()),
        *([strings.TRAIN_TESTED.format(**check.tested._asdict())] if check.tested.pages else ()),
        strings.TRAIN_STARTS_FROM.format(name=checkpoint),
    ]
    counts = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    wrong = "".join(f'<li class="problem">{html.escape(line)}</li>' for line in check.problems)
    return (
        f"<p>{strings.TRAIN_INTRO}</p><h3>{strings.TRAIN_DATA}</h3><ul>{counts}{wrong}</ul>"
    )


def run_html(run: Progress | None) -> str:
    """A run as it stands; nothing where there is none."""
    if run is None:
        return ""
    parts = [
        f'<p class="state {run.state}" role="status">{html.escape(_state(run))}</p>',
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


def _state(run: Progress) -> str:
    """How the run stands; of one that goes on its phase, and of one without a result why."""
    if run.state == "running":
        return strings.TRAIN_PHASES[run.phase]
    numbers = {"spent": f"{run.spent:.1f}", "minutes": f"{run.minutes:g}", "told": run.detail}
    state = strings.TRAIN_STATES[run.state].format(**numbers)
    if run.has_checkpoint or run.state not in strings.TRAIN_NO_STEP:
        return state
    if run.step:
        return strings.TRAIN_NOT_MEASURED.format(step=run.step)
    return strings.TRAIN_NO_STEP[run.state]


def _bar(run: Progress) -> str:
    """How far a run is; what changes all the time is not in the state, which is read aloud."""
    left = f"{max(run.minutes - run.spent, 0):.1f}"
    told = ""
    if run.phase == Phase.TRAINING:
        told = strings.TRAIN_LEFT.format(step=run.step, left=left, minutes=f"{run.minutes:g}")
    share = min(run.spent / run.minutes, 1.0)
    return (
        f'<progress max="1" value="{share:.3f}" aria-hidden="true"></progress>'
        f'<p class="left">{told}</p>'
    )


def _table(run: Progress) -> str:
    """Errors before and after, task by task; what is not measured yet is left blank."""
    before = next(iter(run.records(Kind.BEFORE)), None)
    if before is None:
        return ""
    after = (run.records(Kind.AFTER) or [{}])[-1]
    rows = [
        _row(key, value, after.get(key)) for key, value in before.items() if key.endswith(" CER")
    ]
    heads = "".join(f"<th scope='col'>{head}</th>" for head in strings.TRAIN_COLUMNS)
    share = _share(run) if after else ""
    return (
        f"<h3>{strings.TRAIN_TABLE}</h3><table><thead><tr>{heads}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>{share}"
    )


def _row(key: str, before: float, after: float | None) -> str:
    """The errors of a task, such as `w0> CER` or `other pages, w0> CER`."""
    task = key.removeprefix("other pages, ").removesuffix(" CER")
    pages = strings.TRAIN_OTHERS if key.startswith("other pages, ") else strings.TRAIN_MINE
    better = "better" if after is not None and after < before else ""
    return (
        f"<tr><th scope='row'>{html.escape(pages.format(task=task))}</th>"
        f"<td>{_percent(before)}</td><td class='{better}'>{_percent(after)}</td></tr>"
    )


def _share(run: Progress) -> str:
    kept = [look for look in run.records(Kind.LOOK) if look.get("kept")]
    if not kept or kept[-1]["share"] >= 1:
        return ""
    return f"<p>{strings.TRAIN_SHARE.format(percent=round(100 * kept[-1]['share']))}</p>"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f} %"


def _answers(run: Progress) -> str:
    """Some answers of the last look, the wrong parts marked."""
    looks = run.records(Kind.LOOK)
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
    train = run.records(Kind.TRAIN)
    lines = [_smooth(_points(train, f"{part}/text")) for part in own_and_other_part()]
    lines.append(_points(run.records(Kind.LOOK), "loss"))
    points = [point for line in lines for point in line]
    if len(points) < 2:
        return ""
    scale = Scale(last=max(step for step, _ in points) or 1,
                  top=math.ceil((max(loss for _, loss in points) or 1.0) * 2) / 2)  # fmt: skip
    key = "".join(
        f'<span><i style="background: {colour}"></i>{name}</span>'
        for name, colour, line in zip(strings.TRAIN_LOSS_PARTS, COLOURS, lines, strict=True)
        if line
    )
    now = f"{lines[2][-1][1]:.2f}" if lines[2] else "–"
    label = strings.TRAIN_LOSS_SAID.format(value=now)
    return (
        f'<h3>{strings.TRAIN_LOSS}</h3><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{label}">{_axes(scale)}{_curves(lines, scale)}</svg><p class="key">{key}</p>'
    )


class Scale(NamedTuple):
    """What the axes of the chart end at."""

    last: float  # step
    top: float  # loss

    def at(self, point: Point) -> tuple[float, float]:
        """Where a point lies in the chart."""
        x = LEFT + point[0] / self.last * (WIDTH - LEFT - 6)
        return x, 6 + (1 - point[1] / self.top) * (HEIGHT - BOTTOM - 6)


def _curves(lines: Sequence[list[Point]], scale: Scale) -> str:
    """The lines of the chart; the last one has a dot for each point."""
    curves = ""
    for line, colour in zip(lines, COLOURS, strict=True):
        points = " ".join("{:.1f},{:.1f}".format(*scale.at(point)) for point in line)
        curves += f'<polyline points="{points}" stroke="{colour}"/>'
    for x, y in map(scale.at, lines[-1]):
        curves += f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{COLOURS[-1]}"/>'
    return curves


def _axes(scale: Scale) -> str:
    """The numbers at the axes."""
    losses = "".join(
        f'<text x="{LEFT - 6}" y="{6 + (1 - share) * (HEIGHT - BOTTOM - 6) + 4:.1f}" '
        f'text-anchor="end">{scale.top * share:g}</text>'
        for share in (0, 0.5, 1)
    )
    x, y = WIDTH - 6, HEIGHT - 3
    return f'{losses}<text x="{x}" y="{y}" text-anchor="end">{scale.last:g}</text>'


def _points(records: Sequence[dict[str, Any]], key: str) -> list[Point]:
    return [(each["step"], each[key]) for each in records if key in each]


def _smooth(points: list[Point]) -> list[Point]:
    """Each point as the mean of the last few."""
    smooth = []
    for i, (step, _) in enumerate(points):
        near = [loss for _, loss in points[max(i - SMOOTH + 1, 0) : i + 1]]
        smooth.append((step, sum(near) / len(near)))
    return smooth
