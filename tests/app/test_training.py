"""Training from the app: data check, start, stop, going on, keeping and dropping."""

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dessurt.data.annotations import Annotation
from dessurt.data.annotations.store import Store
from dessurt.page.marks import Marks
from dessurt.run_log import Phase
from dessurt_app import strings
from dessurt_app.dataset.saving import now
from dessurt_app.launch import training_on
from dessurt_app.models import Weights
from dessurt_app.train.train_tab import _USABLE, _run
from dessurt_app.train.train_view import command_html, data_html, run_html
from dessurt_app.train.training import Training, TrainingError

FAKE = (sys.executable, str(Path(__file__).parent / "fake_train.py"))


def fill(store: Store, folder: Path, pages: int, lines: int, state: str = "corrected") -> None:
    for page in range(pages):
        picture = folder / f"page{page}.png"
        Image.fromarray(np.full((200, 300), 200 + page, np.uint8)).save(picture)
        for line in range(lines):
            marks = Marks.from_boxes(highlight=[(10, 20 * line, 200, 20 * line + 15)])
            store.save(picture, 0, Annotation("w0>", ("text",), marks, state=state))


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    folder = tmp_path / "checkpoints" / "small"
    folder.mkdir(parents=True)
    config = {"name": "small", "frame": {"mode": "focus"}, "model": {}, "card": {"tasks": ["w0>"]}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.safetensors").write_bytes(b"")
    return folder


@pytest.fixture
def training(tmp_path: Path, checkpoint: Path) -> Iterator[Training]:
    store = Store(tmp_path / "mine")
    fill(store, tmp_path, pages=4, lines=3)
    made = Training(store, tmp_path / "runs", checkpoint.parent, FAKE)
    yield made
    if made.progress():
        made.stop()


def until(right: Callable[[], object], seconds: float = 240.0) -> None:
    end = time.monotonic() + seconds
    while not right():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def state(training: Training) -> str:
    run = training.progress()
    return run.state if run else ""


def test_the_data_are_counted_and_what_is_missing_is_said(
    training: Training, checkpoint: Path, tmp_path: Path
) -> None:
    found = training.check(checkpoint)
    assert (found.saved.rows, found.saved.pages, found.ready) == (12, 4, True)
    rows, pages, lines = found.learned
    assert rows == lines == 3 * pages
    assert found.validated.lines == 3 * found.validated.pages > 0
    fill(training.store, tmp_path, 1, 5, "new")  # the last two of them are new ones
    told = " ".join(training.check(checkpoint).problems)
    assert strings.TRAIN_NEW.format(n=2) in told
    (checkpoint / "config.json").write_text('{"frame": {"mode": "fit"}}')
    assert not training.check(checkpoint).ready
    assert strings.TRAIN_OTHER_MODEL in training.check(checkpoint).problems
    assert found.tested == (0, 0, 0) and "set aside" not in data_html(found, "small")
    assert found.learned.pages + found.validated.pages == 4
    nothing = Training(Store(tmp_path / "none"), tmp_path / "runs").check(checkpoint)
    assert not nothing.ready and "w0>" in nothing.problems[-1]
    assert "Answers: 12, pages: 4 (12 corrected)" in data_html(found, "small")


def test_what_counts_is_lines_on_several_pages(tmp_path: Path, checkpoint: Path) -> None:
    store = Store(tmp_path / "mine")
    fill(store, tmp_path, 1, 3)
    training = Training(store, tmp_path / "runs", checkpoint.parent, FAKE)
    assert strings.TRAIN_NO_VALIDATION in training.check(checkpoint).problems
    fill(store, tmp_path, 2, 1)  # its first line is there already
    told = strings.TRAIN_ONE_PAGE.format(n=3, lines=4)
    assert told == "Correct lines on more pages: 3 of your 4 lines are on one page."
    assert told in training.check(checkpoint).problems
    fill(store, tmp_path, 2, 3)
    assert not any("one page" in each for each in training.check(checkpoint).problems)
    # A block is learned line by line.
    block = Annotation("read_block>", ("one\\two\\three\\four",), state="corrected")
    store.save(tmp_path / "page1.png", 0, block)
    check = training.check(checkpoint)
    assert (check.saved.rows, check.saved.lines) == (7, 10)
    assert check.learned.lines + check.validated.lines == 10
    assert strings.TRAIN_ONE_PAGE.format(n=7, lines=10) in check.problems


def test_of_many_pages_some_are_set_aside_and_said_to_be(
    tmp_path: Path, checkpoint: Path
) -> None:
    store = Store(tmp_path / "mine")
    fill(store, tmp_path, 30, 1)
    check = Training(store, tmp_path / "runs", checkpoint.parent).check(checkpoint)
    assert check.learned.pages + check.validated.pages + check.tested.pages == 30
    told = strings.TRAIN_TESTED.format(**check.tested._asdict())
    assert check.tested.pages and told in data_html(check, "small")


def test_corrections_are_counted_from_the_last_training_on(
    training: Training, checkpoint: Path
) -> None:
    first = training.store.rows[0].id
    assert training.unseen() == training.check(checkpoint).unseen == 12
    training.start(checkpoint, 5)
    training.store.correct(first, ("before",), "me", "2020-01-01T00:00:00Z")
    assert training.unseen() == 0
    training.store.correct(first, ("after",), "me", now())
    training.store.accept(training.store.rows[1].id, "me", now())
    assert training.unseen() == 1
    training.stop()
    until(lambda: state(training) != "running" and state(training) != "stopping")
    training.drop()
    assert training.unseen() == 11, "what was dropped has taught nothing"


def test_a_run_is_watched_kept_and_found_again(training: Training, checkpoint: Path) -> None:
    training.start(checkpoint, 5)
    with pytest.raises(TrainingError, match=strings.TRAIN_GOES_ON):
        training.start(checkpoint, 5)
    until(lambda: training.progress().records("look"))
    running = training.progress()
    assert running.state == "running"
    assert running.command.startswith("dessurt train ") and "--budget 5" in running.command
    shown = run_html(running)
    assert "a &lt;<mark>b</mark>at&gt;" in shown and "50.0 %" in shown
    # As after a reload of the app: another object, which has not started the process.
    again = Training(training.store, training.runs, training.checkpoints, FAKE)
    assert again.progress().state == "running"
    until(lambda: state(training) == "done")
    done = run_html(training.progress())
    assert "20.0 %" in done and "80 % of the way" in done and "<svg" in done
    name = training.keep()
    assert name == "my-pages-1" and state(training) == "kept"
    config = json.loads((training.checkpoints / name / "config.json").read_text("utf-8"))
    assert config["name"] == name
    weights = Weights(folder=training.checkpoints)
    assert name in weights.names
    given = json.loads((training.runs / name / "config.json").read_text("utf-8"))
    assert given["validate"]["folder"] == str(training.store.folder)
    assert given["stages"][0]["parts"]["mine"]["data"] == given["validate"]
    training.start(checkpoint, 2)
    assert training.progress().name == "my-pages-2"
    training.stop()


def test_what_was_stopped_goes_on_and_can_be_dropped(training: Training, checkpoint: Path) -> None:
    training.start(checkpoint, 5)
    until(lambda: len(training.progress().records("train")) >= 3)
    training.stop()
    until(lambda: state(training) == "stopped")
    steps = len(training.progress().records("train"))
    assert steps < 20
    training.resume()
    until(lambda: state(training) == "done")
    assert [each["step"] for each in training.progress().records("train")] == list(range(1, 21))
    assert "--budget" in command_html(training.progress())
    training.drop()
    assert training.progress() is None and not list(training.runs.iterdir())
    with pytest.raises(TrainingError, match="no training run"):
        training.keep()


@pytest.mark.parametrize("phase", list(Phase)[1:])
def test_a_run_says_what_it_does(training: Training, checkpoint: Path, phase: Phase) -> None:
    training.program = (*FAKE, "--wait", phase)
    training.start(checkpoint, 2)
    assert strings.TRAIN_PHASES["opening"] in run_html(training.progress())
    until(lambda: training.progress().phase == phase)
    time.sleep(1.2)
    run = training.progress()
    assert strings.TRAIN_PHASES[phase] in run_html(run)
    if phase == Phase.BEFORE:  # what comes before the first step does not count
        assert run.spent == 0 and "left" not in re.sub("<[^>]*>", "", run_html(run))
    if phase == Phase.TRAINING:
        assert 0 < run.spent < 0.5
        left = f"{2 - run.spent:.1f}"
        assert strings.TRAIN_LEFT.format(step=0, left=left, minutes=2) in run_html(run)
    training.stop()
    until(lambda: state(training) != "stopping")


@pytest.mark.parametrize("ends", ["stopped", "done"])
def test_what_made_no_step_is_not_kept_and_says_why(
    training: Training, checkpoint: Path, ends: str
) -> None:
    wait = ("--wait", "before") if ends == "stopped" else ("--steps", "0")
    training.program = (*FAKE, *wait)
    training.start(checkpoint, 2)
    (training.runs / "my-pages-1" / "checkpoint").mkdir()  # as an earlier version left one
    if ends == "stopped":
        until(lambda: training.progress().phase == Phase.BEFORE)
        training.stop()
    until(lambda: state(training) == ends)
    run = training.progress()
    assert (run.step, run.has_checkpoint) == (0, False)
    assert strings.TRAIN_NO_STEP[ends] in run_html(run)
    keep = _run(run, False)[1 + list(_USABLE).index("keep")]
    assert keep.visible is False
    with pytest.raises(TrainingError, match=strings.TRAIN_NOTHING_KEPT):
        training.keep()


def test_what_was_stopped_before_it_was_measured_says_so(
    training: Training, checkpoint: Path
) -> None:
    training.start(checkpoint, 2)
    until(lambda: training.progress().step)
    training.stop()
    until(lambda: state(training) == "stopped")
    run = training.progress()
    assert not run.has_checkpoint and 0 < run.step < 5
    assert strings.TRAIN_NOT_MEASURED.format(step=run.step) in run_html(run)


def test_an_error_is_told_in_its_own_words(training: Training, checkpoint: Path) -> None:
    training.start(checkpoint, 5)
    training.stop()
    until(lambda: state(training) in ("stopped", "failed"))
    (training.runs / "my-pages-1" / "fail").write_text("dessurt train: the disk is <full>.")
    training.resume()
    until(lambda: state(training) == "failed")
    assert "the disk is &lt;full&gt;." in run_html(training.progress())
    with pytest.raises(TrainingError, match=strings.TRAIN_NOTHING_KEPT):
        training.keep()


def test_only_where_nobody_else_reaches_the_app_it_trains(tmp_path: Path) -> None:
    alone = training_on(tmp_path / "mine", "127.0.0.1", share=False)
    assert alone is not None and alone.store.folder == tmp_path / "mine"
    assert training_on(tmp_path, "0.0.0.0", share=False) is None  # also with --shared-data
    assert training_on(tmp_path, "127.0.0.1", share=True) is None
    assert training_on(None, "127.0.0.1", share=False) is None  # on a Space nothing is saved


@pytest.mark.parametrize("written", ["{", "[]", "{}", "[" * 9999, '{"pid": 1}'])
def test_a_damaged_status_counts_for_nothing(
    training: Training, tmp_path: Path, written: str
) -> None:
    for name in ("my-pages-7", "my-pages-", "my-pages-x"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "status.json").write_text(written, encoding="utf-8")
    assert training.progress() is None
    with pytest.raises(TrainingError):
        training.keep()
