"""Batches: what is read, what is written, and what goes wrong with some of the pages."""

import json
import os
import re
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dessurt.batch import BatchError, Question, Record, main, read_files
from dessurt.batch.crew import TRIES
from dessurt.batch.folder import Folder
from dessurt.batch.listing import listing, questions_of
from dessurt.batch.report import Totals
from tests.unit.batch_fake import DEADLY, MOST_WRITTEN, OPENER, draw, pixels

READ = (Question(),)


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that gets the number of each page that is read."""
    path = tmp_path / "log"
    monkeypatch.setenv("BATCH_FAKE_LOG", str(path))
    path.touch()
    return path


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Five pages: 1.png, 2.png, 10.png, and a TIFF of two in a folder."""
    folder = tmp_path / "scans"
    for number in (10, 2, 1):
        draw(folder / f"{number}.png", number)
    (folder / "sub").mkdir()
    first, second = (Image.fromarray(pixels(number)) for number in (20, 21))
    first.save(folder / "sub" / "a.tif", save_all=True, append_images=[second])
    return folder


def read(*paths: Path, out: Path, **options: Any) -> list[Record]:
    options = {"opener": OPENER, "checkpoint": "fake", **options}
    return list(read_files(paths, out, **options))


def numbers(log: Path) -> list[int]:
    return [int(line) for line in log.read_text(encoding="utf-8").split()]


def names(records: list[Record]) -> list[tuple[str, int | None]]:
    return sorted((record.file, record.page) for record in records)


ALL = [("1.png", 1), ("10.png", 1), ("2.png", 1), ("sub/a.tif", 1), ("sub/a.tif", 2)]


def test_a_folder_is_read_written_and_not_read_again(scans, tmp_path, log) -> None:
    out = tmp_path / "out"
    records = read(scans, out=out, formats=["txt", "alto"])
    assert numbers(log) == [1, 2, 10, 20, 21]  # as a person would sort them
    assert names(records) == ALL and not any(r.error or r.before for r in records)
    assert {r.file: r.text for r in records}["10.png"] == "page 10 "
    written = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    assert {name for name in written if not name.startswith("records/")} == {
        "1.png.txt", "2.png.txt", "10.png.txt", "sub/a.tif.txt", "1.png.alto.xml", "2.png.alto.xml",
        "10.png.alto.xml", "sub/a.tif.1.alto.xml", "sub/a.tif.2.alto.xml", "batch.json",
        "report.json", "failed.csv",
    }  # fmt: skip
    assert (out / "sub/a.tif.txt").read_text() == "page 20\n\fpage 21\n"
    assert (out / "failed.csv").read_text().splitlines() == ["file,page,reason"]
    report = json.loads((out / "report.json").read_text())
    assert (report["state"], report["pages"], report["failed"]) == ("done", 5, 0)
    again = read(scans, out=out, formats=["md", "jsonl"])
    assert numbers(log) == [1, 2, 10, 20, 21]  # nothing was read again
    assert names(again) == ALL and all(r.before for r in again)
    assert (out / "1.png.md").is_file()
    lines = [json.loads(line) for line in (out / "pages.jsonl").read_text().splitlines()]
    assert [line["answers"][0]["text"] for line in lines] == [
        "page 1 ", "page 2 ", "page 10 ", "page 20 ", "page 21 ",
    ]  # fmt: skip


def test_what_was_changed_is_read_anew(scans, tmp_path, log) -> None:
    out = tmp_path / "out"
    read(scans, out=out, formats=["txt"])
    draw(scans / "2.png", 3)
    draw(scans / "4.png", 4)
    records = read(scans, out=out, formats=["txt"])
    assert numbers(log)[5:] == [3, 4]
    assert [r.text for r in records if not r.before] == ["page 3 ", "page 4 "]
    assert (out / "2.png.txt").read_text() == "page 3\n"


def test_several_workers_read_each_page_once(tmp_path, log) -> None:
    for number in range(1, 31):
        draw(tmp_path / "in" / f"{number}.png", number)
    records = read(tmp_path / "in", out=tmp_path / "out", workers=2)
    assert sorted(numbers(log)) == list(range(1, 31))
    assert len({r.file for r in records}) == 30


def test_files_of_the_same_name_do_not_collide(tmp_path, log) -> None:
    one, two = (draw(tmp_path / root / "x" / "a.png", n) for root, n in (("p", 1), ("q", 2)))
    out = tmp_path / "out"
    read(one.parent, two.parent, out=out, formats=["txt"])
    assert (out / "p/x/a.png.txt").read_text() == "page 1\n"
    assert (out / "q/x/a.png.txt").read_text() == "page 2\n"


def test_broken_files_are_reported_and_stop_nothing(scans, tmp_path, log) -> None:
    (scans / "3.png").write_bytes(b"")
    (scans / "5.pdf").write_bytes(b"%PDF-1.4 cut off")
    whole = (scans / "1.png").read_bytes()
    (scans / "6.png").write_bytes(whole[: len(whole) // 2])
    (scans / ".hidden.png").write_bytes(whole)
    (scans / "notes.docx").write_bytes(b"no page")
    out = tmp_path / "out"
    records = read(scans, out=out, formats=["txt"])
    assert names([r for r in records if not r.error]) == ALL
    failed = {r.file: r.error for r in records if r.error}
    assert set(failed) == {"3.png", "5.pdf", "6.png"}
    assert failed["3.png"] == "3.png is empty (0 bytes): save or download it again."
    rows = (out / "failed.csv").read_text().splitlines()
    assert len(rows) == 4 and any(row.startswith("6.png,") for row in rows)
    report = json.loads((out / "report.json").read_text())
    assert report["failed"] == 3 and report["skipped"] == {"hidden": 1, ".docx": 1}
    draw(scans / "3.png", 3)  # mended
    records = read(scans, out=out)
    assert [r.text for r in records if not (r.before or r.error)] == ["page 3 "]


def test_a_page_of_which_its_process_dies_is_tried_twice_and_reported(scans, tmp_path, log) -> None:
    draw(scans / "3.png", DEADLY)
    records = read(scans, out=tmp_path / "out")
    assert numbers(log).count(DEADLY) == TRIES
    assert names([r for r in records if not r.error]) == ALL
    (failed,) = (r for r in records if r.error)
    assert failed.file == "3.png" and "ended twice (exit code 9)" in failed.error


def test_a_file_that_is_changed_while_it_is_read_is_put_off(scans, tmp_path, monkeypatch) -> None:
    stamps = iter(range(1, 100))
    name = str(scans / "2.png")
    from dessurt.batch import plan

    steady = plan.Source.stamp.fget

    def stamp(self) -> tuple[int, int]:  # what the plan sees: another one until the others are read
        return (next(stamps), 0) if str(self.path) == name and not late else steady(self)

    late: list[Record] = []
    monkeypatch.setattr(plan.Source, "stamp", property(stamp))
    records = []
    for record in read_files([scans], tmp_path / "out", opener=OPENER, checkpoint="fake"):
        records.append(record)
        late += [record] * (len(records) == 4)
    assert [r.file for r in records][-1] == "2.png"
    assert names(records) == ALL and not any(r.error for r in records)


def test_a_file_that_never_rests_is_reported(scans, tmp_path, monkeypatch) -> None:
    from dessurt.batch import plan

    stamps = iter(range(1, 100))
    monkeypatch.setattr(plan.Source, "stamp", property(lambda self: (next(stamps), 0)))
    records = read(scans / "1.png", out=tmp_path / "out")
    assert [r.error for r in records] == [plan.UNSTEADY]


def test_a_list_says_which_pages_and_what_is_asked(scans, tmp_path, log) -> None:
    (scans / "list.csv").write_text(
        "file,page,task,text,highlight\n"
        "sub/a.tif,2,natural_q~,Who signed?,\n"
        '1.png,,w0>,,"1,1,5,5"\n'
        "2.png,,,,\n"
        "none.png,,,,\n"
    )
    records = read(scans / "list.csv", out=tmp_path / "out", formats=["txt"])
    texts = {(r.file, r.page): r.text for r in records if not r.error}
    assert texts == {
        ("sub/a.tif", 2): "page 21 Who signed? ", ("1.png", 1): "page 1 ", ("2.png", 1): "page 2 "
    }  # fmt: skip
    assert [(r.file, r.error) for r in records if r.error] == [
        ("none.png", "There is no file none.png: check the path.")
    ]


def test_tasks_are_asked_of_every_page(scans, tmp_path, log) -> None:
    (tmp_path / "tasks.json").write_text(
        '[{"task": "natural_q~What is the total?", "name": "total"}, {"task": "read_block>"}]'
    )
    questions = questions_of(tmp_path / "tasks.json")
    (record,) = read(scans / "1.png", out=tmp_path / "out", questions=questions)
    assert [(a.question.name, a.text) for a in record.answers] == [
        ("total", "page 1 What is the total? "), ("", "page 1 ")
    ]  # fmt: skip
    assert record.answers[0].confidence == 0.5


BAD_LISTS = {
    "name,page\na.png,1\n": "list.csv has no column file",
    "file,colour\na.png,red\n": "list.csv has the column colour",
    "file,page\na.png,0\n": "list.csv, line 2",
    "file,task\na.png,hello\n": "list.csv, line 2",
    "file,task,highlight\na.png,w0>,1;2\n": "list.csv, line 2",
}


@pytest.mark.parametrize("content", BAD_LISTS)
def test_a_faulty_list_is_a_sentence(content, tmp_path) -> None:
    (tmp_path / "list.csv").write_text(content)
    with pytest.raises(BatchError, match=re.escape(BAD_LISTS[content])):
        listing([tmp_path / "list.csv"], READ, tmp_path / "out")


@pytest.mark.parametrize(
    "content", ["{}", "[]", '[{"text": "a"}]', '[{"task": "w0>", "x": 1}]', "["]
)
def test_faulty_tasks_are_a_sentence(content, tmp_path) -> None:
    (tmp_path / "tasks.json").write_text(content)
    with pytest.raises(BatchError):
        questions_of(tmp_path / "tasks.json")


def test_lists_of_other_countries(tmp_path) -> None:
    (tmp_path / "list.csv").write_bytes("\ufefffile;page\r\nä.png;3\r\n".encode())
    files = listing([tmp_path / "list.csv"], READ, tmp_path / "out")
    assert [files.name(source) for source in files.sources] == ["ä.png"]
    assert list(files.sources[0].pages(0)) == [(3, READ)]


def test_results_inside_what_is_read_are_not_read(scans) -> None:
    draw(scans / "out" / "1.png", 1)
    files = listing([scans], READ, scans / "out")
    assert [files.name(s) for s in files.sources] == ["1.png", "2.png", "10.png", "sub/a.tif"]


@pytest.mark.parametrize("name", ["none", "empty"])
def test_nothing_to_read_is_a_sentence(name, tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BatchError, match="There is no"):
        listing([tmp_path / name], READ, tmp_path / "out")


def claim(folder: Path, base: Path, checkpoint: str = "a", questions: Any = READ) -> Path:
    """Claim a folder and leave a record in it."""
    with Folder(folder).claimed(base, checkpoint, questions) as agreed:
        Record("a.png", 1).write(Folder(folder).record("a.png", 1))
        return agreed


def test_a_folder_is_gone_on_with_by_the_same_question_only(tmp_path) -> None:
    out, base = tmp_path / "out", tmp_path / "in"
    assert claim(out, base) == base
    assert claim(out, base / "sub") == base  # names stay the same
    for changed, sentence in (
        ({"checkpoint": "b"}, "by another checkpoint"),
        ({"questions": (Question("json>"),)}, r"for other questions \(read_block>\)"),
        ({"base": tmp_path / "other"}, "is not below it"),
    ):
        with pytest.raises(BatchError, match=sentence):
            claim(out, **({"base": base} | changed))
    with Folder(out).claimed(base, "a", READ), pytest.raises(BatchError, match="Another run"):
        claim(out, base)


def test_a_folder_without_an_answer_takes_another_question(scans, tmp_path) -> None:
    out = tmp_path / "out"
    with pytest.raises(BatchError, match="There is no task 'wo>'"):
        read(scans, out=out, questions=[Question("wo>")])
    assert names(read(scans, out=out)) == ALL
    with pytest.raises(BatchError, match="for other questions"):
        read(scans, out=out, questions=[Question("json>")])


def test_a_folder_of_others_is_left_alone(tmp_path) -> None:
    (tmp_path / "thesis.doc").write_bytes(b"")
    with pytest.raises(BatchError, match="is not empty, and was not made by dessurt batch"):
        claim(tmp_path, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.doc"]
    with pytest.raises(BatchError, match="is a file"):
        claim(tmp_path / "thesis.doc", tmp_path)


def test_a_checkpoint_is_another_once_its_content_is(tmp_path) -> None:
    model, out = tmp_path / "model", tmp_path / "out"
    model.mkdir()
    (model / "config.json").write_text("{}")
    claim(out, tmp_path, str(model))
    model.rename(tmp_path / "moved")
    claim(out, tmp_path, str(tmp_path / "moved"))
    (tmp_path / "moved" / "config.json").write_text("{ }")
    with pytest.raises(BatchError, match="by another checkpoint"):
        claim(out, tmp_path, str(tmp_path / "moved"))


def test_a_full_disk_ends_it_and_it_goes_on_later(scans, tmp_path, log) -> None:
    out, taken = tmp_path / "out", []
    with pytest.raises(BatchError, match="There is no room left for"):
        full = {"opener": "tests.unit.batch_fake:opened_on_a_full_disk", "checkpoint": "fake"}
        for record in read_files([scans], out, **full):
            taken.append(record)
    assert len(taken) == MOST_WRITTEN
    assert json.loads((out / "report.json").read_text())["state"] == "stopped"
    assert not list(out.rglob("*.partial"))
    records = read(scans, out=out)
    assert names(records) == ALL and sum(r.before for r in records) == MOST_WRITTEN


def test_closing_stops_at_once(scans, tmp_path, log, monkeypatch) -> None:
    monkeypatch.setenv("BATCH_FAKE_SECONDS", "2")
    records = read_files([scans], tmp_path / "out", opener=OPENER, checkpoint="fake")
    with closing(records):
        next(records)
        begun = time.monotonic()
    assert time.monotonic() - begun < 1.5
    assert len(numbers(log)) <= 2
    monkeypatch.setenv("BATCH_FAKE_SECONDS", "0")
    assert names(read(scans, out=tmp_path / "out")) == ALL


def test_what_cannot_be_asked_is_said_before_a_page_is_read(scans, tmp_path, log) -> None:
    for options, sentence in (
        ({"questions": [Question("w0>")]}, "w0> needs a highlight"),
        ({"questions": [Question("wo>")]}, "There is no task 'wo>'"),
        ({"opener": "dessurt.opening:open_model", "checkpoint": "./none"}, "none"),
        ({"formats": ["doc"]}, "There is no format 'doc': choose from"),
    ):
        with pytest.raises(BatchError, match=sentence):
            read(scans, out=tmp_path / f"out {sentence[:4]}", **options)
    assert not numbers(log)


def test_a_worker_that_cannot_start_is_not_started_for_ever(scans, tmp_path) -> None:
    with pytest.raises(BatchError, match="ended before it was ready"):
        read(scans, out=tmp_path / "out", opener="tests.unit.batch_fake:missing")


def command(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    def read_with_fake(*args: Any, **options: Any) -> Any:
        return read_files(*args, **options, opener=OPENER)

    monkeypatch.setattr(main, "read_files", read_with_fake)
    return main.main([str(word) for word in words])


def test_the_command_says_what_it_has_done(scans, tmp_path, log, monkeypatch, capsys) -> None:
    words = scans, "--out", tmp_path / "out", "--format", "txt"
    (scans / "notes.docx").write_bytes(b"no page")
    assert command(monkeypatch, *words) == 0
    printed = capsys.readouterr()
    sentence = r"Read 5 pages in \d+ s \([\d.]+ a minute\); passed over 1 .docx.\n"
    assert re.fullmatch(sentence, printed.out)
    (scans / "3.png").write_bytes(b"")
    assert command(monkeypatch, *words) == 1
    printed = capsys.readouterr()
    assert printed.err == "3.png: 3.png is empty (0 bytes): save or download it again.\n"
    assert "5 were read before" in printed.out and "1 failed, see" in printed.out
    assert command(monkeypatch, *words, "--task", "json>") == 2
    assert "for other questions" in capsys.readouterr().err


def test_a_line_of_progress() -> None:
    totals = Totals(files=300, skipped={}, pages=300, read=20, before=10, failed=1)
    totals.begun = time.monotonic() - 60
    assert main.line(totals) == (
        "30 of about 300 pages, 1 failed, 21.0 pages a minute, 13 min left"
    )


def test_the_pace_is_that_of_reading() -> None:
    totals = Totals(files=3, skipped={}, pages=3)
    totals.begun = time.monotonic() - 3600  # it took an hour to look up the first page
    totals.count(Record("1.png", 1, before=True))
    totals.begun -= 30
    totals.count(Record("2.png", 1))
    totals.count(Record("3.png", 1, before=True))
    assert totals.pages_a_minute == pytest.approx(2, rel=0.05)


def test_names_that_are_no_text(tmp_path, log) -> None:
    name = os.fsdecode(b"\xff.png")
    try:
        draw(tmp_path / "in" / name, 1)
    except (OSError, ValueError):
        pytest.skip("this system has no such names")
    records = read(tmp_path / "in", out=tmp_path / "out", formats=["txt", "alto", "jsonl"])
    assert [r.error for r in records] == [""]
