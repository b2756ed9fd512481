"""The store of annotated pages, its export and its import."""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from dessurt.data.annotations import Annotation, exchange
from dessurt.data.annotations.exchange import (
    NO_ANSWERS,
    Imported,
    ImportProgress,
    StoppedError,
    export,
    import_files,
    import_zip,
)
from dessurt.data.annotations.page_files import page_file
from dessurt.data.annotations.store import Change, Store
from dessurt.data.records import DataError
from dessurt.page import Page, PageError
from dessurt.page.marks import Marks, Shape
from dessurt.whole_files import delete_leftovers

LINE = Marks((Shape("highlight", "line", ((5, 5), (30, 12))),))
BRUSH = Marks((Shape("highlight", "brush", ((5, 25), (30, 26)), 3),))
ME = {"by": "me", "at": "2026-11-26T19:00:00Z"}


def answer(text: str, *, marks: Marks = LINE, corrected: str | None = None) -> Annotation:
    """What a model wrote, as it is or corrected."""
    return Annotation(
        "w0>",
        (text if corrected is None else corrected,),
        marks,
        model_answer=text,
        confidence=0.5,
        checkpoint="small",
        state="new" if corrected is None else "corrected",
        **ME,
    )


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "data" / "mine")


@pytest.fixture
def letter(tmp_path) -> Path:
    return draw(tmp_path / "my letter.png", 80)


def draw(path: Path, shade: int, size=(60, 40)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, shade).save(path)
    return path


def texts(store: Store) -> list[tuple[str, str]]:
    return [(row.annotation.answers[0], row.annotation.state) for row in store.rows]


# Saving


def test_a_page_is_stored_once_byte_for_byte(store, letter):
    store.save(letter, 0, answer("one"))
    store.save(letter, 0, answer("two", marks=BRUSH))
    first, second = store.rows
    assert first.image == second.image and first.id != second.id
    (file,) = (store.folder / "images").iterdir()
    assert file.name.startswith("my-letter-") and file.read_bytes() == letter.read_bytes()
    assert first.annotation.size == (60, 40)
    assert second.annotation.marks == BRUSH
    assert Store(store.folder).rows == store.rows


def test_a_pdf_is_stored_as_the_page_that_was_asked_about(store, tmp_path):
    pages = [Image.new("RGB", (120, 80), (shade, 9, 9)) for shade in (20, 200)]
    pages[0].save(tmp_path / "two.pdf", save_all=True, append_images=pages[1:])
    store.save(tmp_path / "two.pdf", 1, answer("two"))
    (row,) = store.rows
    assert row.image.startswith("images/two-p2-") and row.image.endswith(".png")
    kept, drawn = Page.open(store.folder / row.image), Page.open(tmp_path / "two.pdf", 1)
    assert kept.digest == drawn.digest
    assert (row.annotation.page, row.annotation.size) == (0, (drawn.width, drawn.height))
    with pytest.raises(PageError):
        store.save(tmp_path / "two.pdf", 2, answer("three"))


def test_the_picture_of_a_phone_is_kept_as_it_is(store, tmp_path):
    views = [Image.new("RGB", (60, 40), (shade, 9, 9)) for shade in (20, 200)]
    views[0].save(tmp_path / "phone.jpg", "MPO", save_all=True, append_images=views[1:])
    store.save(tmp_path / "phone.jpg", 0, answer("one"))
    (image,) = store.pages
    assert image.endswith(".jpg")
    assert (store.folder / image).read_bytes() == (tmp_path / "phone.jpg").read_bytes()


def test_the_same_question_again_takes_the_place_of_the_first(store, letter):
    store.save(letter, 0, answer("one"))
    store.save(letter, 0, answer("two"))
    assert texts(store) == [("two", "new")]
    store.save(letter, 0, answer("two", corrected="three"))
    assert texts(store) == [("three", "corrected")]


def test_a_correction_is_not_overwritten_by_a_model(store, letter):
    store.save(letter, 0, answer("one", corrected="mine"))
    again = store.save(letter, 0, Annotation("w0>", ("b",), LINE, model_answer="b", state="new"))
    assert again.kept
    (row,) = store.rows
    assert (row.annotation.answers, row.annotation.state) == (("mine",), "corrected")
    assert (row.annotation.model_answer, row.annotation.confidence) == ("b", None)
    store.save(letter, 0, answer("b", corrected="better"))  # but by a person
    assert texts(store) == [("better", "corrected")]


def test_undo_brings_back_what_was_there(store, letter):
    first = store.save(letter, 0, answer("one"))
    second = store.save(letter, 0, answer("one", corrected="two"))
    assert store.undo(second.number)
    assert texts(store) == [("one", "new")]
    assert not store.undo(second.number)
    assert not Store(store.folder).undo(first.number), "a process began anew"
    assert store.undo(first.number)
    assert store.rows == [] and os.listdir(store.folder / "images") == []
    assert json.loads((store.folder / "qa.json").read_text("utf-8")) == {}


def test_undo_leaves_what_was_changed_since(store, letter):
    first = store.save(letter, 0, answer("one"))
    store.accept(store.rows[0].id, **ME)
    assert not store.undo(first.number)
    assert texts(store) == [("one", "accepted")]


def test_who_replaces_what_a_person_stood_for_is_told(store, letter):
    assert store.save(letter, 0, answer("one")).replaced is None
    mine, other = (answer("one", corrected=text) for text in ("uno", "eins"))
    assert store.save(letter, 0, mine).replaced is None
    assert store.save(letter, 0, other).replaced == "uno"
    assert store.save(letter, 0, other).replaced is None, "it is the same"
    assert store.save(letter, 0, answer("one")).replaced is None, "it stays"


# Review


def test_review(store, letter):
    store.save(letter, 0, answer("one"))
    (row,) = store.rows
    store.skip(row.id, **ME)
    assert texts(store) == [("one", "skipped")]
    store.accept(row.id, **ME)
    assert texts(store) == [("one", "accepted")]
    change = store.correct(row.id, ("uno",), "ann", "now")
    assert texts(store) == [("uno", "corrected")]
    assert store.row(row.id).annotation.by == "ann"
    store.accept(row.id, **ME)
    assert texts(store) == [("uno", "corrected")], "it differs from what the model wrote"
    store.correct(row.id, ("one",), **ME)
    assert texts(store) == [("one", "accepted")], "as the model wrote it"
    assert not store.undo(change.number)
    with pytest.raises(DataError, match="not there any more"):
        store.accept("0" * 16, **ME)


# Files


def save_many(folder: Path, letter: Path, name: str) -> None:
    for number in range(10):
        marks = Marks.from_boxes([(number, number, 30, 30)])
        Store(folder).save(letter, 0, answer(f"{name} {number}", marks=marks, corrected=name))


def test_two_processes_lose_nothing_of_each_other(store, letter):
    spawn = multiprocessing.get_context("fork")
    marks = Marks.from_boxes([(1, 2, 50, 30)])
    other = spawn.Process(target=save_many, args=(store.folder, letter, "other"))
    other.start()
    for number in range(10):
        store.save(letter, 0, answer(f"mine {number}", marks=marks, corrected=f"mine {number}"))
    other.join()
    assert other.exitcode == 0
    assert sorted(texts(store)) == [("mine 9", "corrected"), *10 * [("other", "corrected")]]


def test_a_damaged_file_is_never_written_over(store, letter):
    store.save(letter, 0, answer("one"))
    file = store.folder / "qa.json"
    damaged = file.read_text("utf-8").replace('"state": "new"', '"state": "nwe"')
    file.write_text(damaged)
    for work in (lambda: store.rows, lambda: store.save(letter, 0, answer("two"))):
        with pytest.raises(DataError, match="record 1: the state is 'nwe'.* Mend this"):
            work()
    assert file.read_text("utf-8") == damaged
    file.write_text(damaged.replace("nwe", "skipped"))
    assert texts(store) == [("one", "skipped")]


# Export and import


def fill(store: Store, tmp_path: Path, pages: int = 5) -> None:
    for number in range(pages):
        page = draw(tmp_path / "scans" / f"page {number}.png", 40 + number)
        store.save(page, 0, answer("one"))
        store.save(page, 0, answer("two", marks=BRUSH, corrected="zwölf"))
        store.save(page, 0, Annotation("natural_q~Who?", ("a", "b"), extra={"note": [1.0]}))


def test_export_import_export_gives_identical_bytes(store, tmp_path):
    fill(store, tmp_path)
    assert export(store, tmp_path / "first.zip", seed=7) == 15
    copy = Store(tmp_path / "copy")
    came = import_zip(copy, tmp_path / "first.zip")
    assert (came.errors, came.change.added, came.change.there) == ((), 15, 0)
    assert copy.pages == store.pages
    export(copy, tmp_path / "second.zip", seed=7)
    assert (tmp_path / "second.zip").read_bytes() == (tmp_path / "first.zip").read_bytes()
    again = import_zip(copy, tmp_path / "first.zip").change
    assert (again.added, again.there) == (0, 15)


def test_a_small_export_has_no_test_part(store, tmp_path):
    fill(store, tmp_path)
    export(store, tmp_path / "all.zip", seed=7)
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert {name.split("/")[0] for name in archive.namelist()} == {"train", "valid"}


def test_an_export_is_a_data_set_that_the_original_reads(store, tmp_path):
    fill(store, tmp_path, pages=20)
    export(store, tmp_path / "all.zip", seed=7)
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        archive.extractall(tmp_path / "all")
    splits = {}
    for split in ("train", "valid", "test"):
        content = json.loads((tmp_path / "all" / split / "qa.json").read_text("utf-8"))
        for image, records in content.items():
            assert (tmp_path / "all" / split / image).read_bytes().startswith(b"\x89PNG")
            splits[image] = split
            assert [(each["question"], each["answer"]) for each in records] == [
                ("w0>", "one"), ("w0>", "zwölf"), ("natural_q~Who?", ["a", "b"])
            ]  # fmt: skip
    assert sorted(splits) == sorted(store.pages)
    assert export(store, tmp_path / "checked.zip", trusted_only=True) == 40


def test_an_import_changes_nothing_that_is_there_and_can_be_undone(store, tmp_path):
    fill(store, tmp_path, pages=1)
    export(store, tmp_path / "before.zip")
    store.skip(store.rows[0].id, **ME)
    pages = store.pages
    came = import_zip(store, tmp_path / "before.zip")
    assert (came.change.added, came.change.there) == (1, 2)
    assert len(store.rows) == 4 and len({row.id for row in store.rows}) == 4
    assert store.undo(came.change.number)
    assert store.pages == pages


def test_an_undo_finds_its_annotations_among_many_alike(store, letter):
    """Those that were imported later are left; it once looked through all of them for each."""
    given = [answer(f"line {number}") for number in range(300)]
    picture = page_file(letter)
    first = store.add([(picture, given[:200])])
    second = store.add([(picture, given[100:])])
    assert (first.added, second.added, second.there) == (200, 100, 100)
    store.correct(store.rows[7].id, ("seven",), **ME)
    assert store.undo(first.number)
    assert [each[0] for each in texts(store)] == ["seven", *(f"line {n}" for n in range(200, 300))]


class StoppedAt(ImportProgress):
    """An import that somebody stops when so much is done; it collects what it told."""

    def __init__(self, stage: str = "", done: int = 0) -> None:
        super().__init__()
        self.end, self.told = (stage, done), []

    def begin(self, stage: str, of: int = 0) -> None:
        super().begin(stage, of)
        self.told.append((stage, of))
        self._look()

    def step(self, count: int = 1) -> None:
        super().step(count)
        self._look()

    def _look(self) -> None:
        if (self.stage, self.done) == self.end:
            self.stop()


@pytest.mark.parametrize(
    "end", [("reading", 1), ("reading", 15), ("adding", 0), ("adding", 1), ("adding", 15)]
)
def test_an_import_that_is_stopped_leaves_the_store_as_it_was(store, letter, tmp_path, end):
    fill(store, tmp_path)
    export(store, tmp_path / "a.zip")
    mine = Store(tmp_path / "stopped")
    mine.save(letter, 0, answer("before"))
    files, pages = sorted((mine.folder / "images").iterdir()), mine.pages
    with pytest.raises(StoppedError):
        import_zip(mine, tmp_path / "a.zip", StoppedAt(*end))
    assert sorted((mine.folder / "images").iterdir()) == files
    assert mine.pages == Store(mine.folder).pages == pages
    progress = StoppedAt()
    assert import_zip(mine, tmp_path / "a.zip", progress).change.added == 15
    assert progress.told == [("reading", 0), ("adding", 15), ("writing", 0)]


def test_an_import_that_writes_already_is_not_stopped(store, tmp_path):
    fill(store, tmp_path)
    export(store, tmp_path / "a.zip")
    other = Store(tmp_path / "other")
    came = import_zip(other, tmp_path / "a.zip", StoppedAt("writing", 0))
    assert came.change.added == 15 and other.pages == store.pages
    assert other.undo(came.change.number) and other.pages == {}


def test_an_image_that_goes_during_an_import_is_there_in_the_end(store, letter):
    """Somebody takes back the only answer about it meanwhile."""
    saved = store.save(letter, 0, answer("gone soon"))

    def found():
        yield page_file(letter), [answer("imported")]
        store.undo(saved.number)

    store.add(found())
    (row,) = store.rows
    assert texts(store) == [("imported", "new")]
    assert (store.folder / row.image).read_bytes() == letter.read_bytes()
    assert not list(store.folder.rglob("*.partial"))


def imported(store: Store, folder: Path) -> Imported:
    files = (file for file in folder.rglob("*") if file.is_file())
    named = {file.relative_to(folder).as_posix(): file for file in files}
    return import_files(
        store, {name: lambda file=file: file.open("rb") for name, file in named.items()}
    )


def test_the_originals_layouts_are_imported(store, tmp_path):
    folder = tmp_path / "theirs"
    draw(folder / "train/a.png", 1)
    draw(folder / "train/deep/b.jpg", 2)
    (folder / "train/qa.json").write_text(
        '{"a.png": [{"question": "re~It", "answer": "was"}], '
        '"deep/b.jpg": [{"question": "w0>", "answer": ["x", "y"]}]}'
    )
    draw(folder / "valid/c.tiff", 3)
    (folder / "valid/c.json").write_text('[{"question": "json>", "answer": "{}"}]')
    came = imported(store, folder)
    assert came.errors == () and came.change.added == 3
    found = {row.image.split("-")[0]: row.annotation for row in store.rows}
    assert found["images/a"].to_json()["answer"] == "was"
    assert found["images/b"].answers == ("x", "y") and found["images/b"].trusted
    (tiff,) = (image for image in store.pages if image.startswith("images/c-p1-"))
    assert Page.open(store.folder / tiff).size == (40, 60)


def test_what_is_wrong_is_told_file_by_file_and_the_rest_is_imported(store, tmp_path):
    folder = tmp_path / "theirs"
    draw(folder / "one/good.png", 1)
    (folder / "one/torn.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    good = {"question": "w0>", "answer": "yes"}
    far = {**good, "highlight": [[900, 900, 999, 999]]}
    content = {
        "good.png": [good, {"question": "w0>"}, far, {**good, "size": [61, 40]}],
        "gone.png": [good],
        "torn.png": [good],
    }
    (folder / "one/qa.json").write_text(json.dumps(content))
    (folder / "two.json").write_text("{")
    (folder / "three.json").write_text("[]")
    draw(folder / "two.png", 2)
    came = imported(store, folder)
    assert texts(store) == [("yes", "")]
    told = sorted(str(error) for error in came.errors)
    assert [line.split(":")[0] for line in told] == [
        "one/gone.png",
        "one/good.png, w0>",
        "one/good.png, w0>",
        "one/qa.json, good.png, record 2",
        "one/torn.png",
        "three.json",
        "two.json, line 1",
    ]
    assert "lies outside the page" in told[1] and "another size" in told[2]


@pytest.mark.parametrize(
    ("told", "inside"),
    [("\u00e9.png", "e\u0301.png"), ("A.png", "a.PNG"), ("pages/a.png", "pages\\a.png"),
     ("pages\\a.png", "pages/a.png")],
)  # fmt: skip
def test_names_as_other_systems_write_them(store, letter, tmp_path, told, inside):
    record = {"question": "w0>", "answer": "Dear Ann,", "highlight": [[5, 5, 30, 20]]}
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(letter, inside)
        archive.writestr("qa.json", json.dumps({told: [record]}))
    done = import_zip(store, tmp_path / "a.zip")
    assert (done.change.added, done.errors) == (1, ())


@pytest.mark.parametrize(
    ("image", "answers"),
    [("\u00e4.png", "a\u0308.json"), ("Page1.PNG", "page1.json"), ("./b/a.png", "b\\A.JSON"),
     ("images/a.png", "QA.JSON"), ("./images/a.png", "./qa.json"),
     ("set\\images\\a.png", "Set/Qa.json")],
)  # fmt: skip
def test_names_of_the_files_with_answers_as_other_systems_write_them(
    store, letter, tmp_path, image, answers
):
    records = [{"question": "w0>", "answer": "Dear Ann,"}]
    whole = {"images/a.png": records} if "qa" in answers.lower() else records
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(letter, image)
        archive.writestr(answers, json.dumps(whole))
    done = import_zip(store, tmp_path / "a.zip")
    assert (done.change.added, done.errors) == (1, ())


def test_of_two_names_alike_only_the_very_one_is_taken(store, tmp_path):
    folder = tmp_path / "theirs"
    for name, shade in (("a.png", 1), ("A.png", 2)):
        draw(folder / name, shade)
    for name, text in (("a.json", "one"), ("A.json", "two")):
        (folder / name).write_text(json.dumps([{"question": "w0>", "answer": text}]))
    assert imported(store, folder).errors == ()
    assert {row.annotation.answers: row.image[7:9] for row in store.rows} == {
        ("one",): "a-",
        ("two",): "A-",
    }


def test_files_without_answers_are_told(store, letter, tmp_path):
    draw(tmp_path / "images" / "a.png", 3)
    came = imported(store, tmp_path / "images")
    assert [str(error) for error in came.errors] == [NO_ANSWERS]
    assert came.change.added == 0 and "choose qa.json together with its images" in NO_ANSWERS
    assert import_files(store, {}) == Imported(Change(0))


# Imports that are made to take all time and memory


def in_memory(**files: bytes) -> dict[str, Callable[[], io.BytesIO]]:
    return {f"{name}.json": partial(io.BytesIO, content) for name, content in files.items()}


def test_an_import_of_errors_alone_tells_some_of_them(store, monkeypatch):
    monkeypatch.setattr(exchange, "MOST_ERRORS", 700)
    content = b'{"a.png": [' + b"[]," * 2000 + b"[]]}"
    files = in_memory(qa=content)
    errors = import_files(store, files).errors
    assert len(errors) == 501 and "1,501 more errors" in str(errors[-1])
    files = {f"{folder}/{name}": read for folder in "xy" for name, read in files.items()}
    errors = import_files(store, files).errors
    assert len(errors) == 701 and "more than these 700 errors" in str(errors[-1])


def test_an_import_of_too_many_records_adds_nothing(store, letter, tmp_path, monkeypatch):
    monkeypatch.setattr(exchange, "MOST_RECORDS", 3)
    for count in (4, 3):
        given = [{"question": f"natural_q~{n}", "answer": ""} for n in range(count)]
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.write(letter, "a.png")
            archive.writestr("one/qa.json", json.dumps({"../a.png": []}))
            archive.writestr("a.json", json.dumps(given))
        came = import_zip(store, tmp_path / "a.zip")
        assert (came.change.added, len(store.rows)) == ((0, 0) if count == 4 else (3, 3))
        if count == 4:
            assert [str(error) for error in came.errors] == [
                "a.zip: there are more than 3 records: import them in several parts."
            ]


@pytest.mark.parametrize(
    ("limit", "told"),
    [("LARGEST_JSON", "it is larger than 0 MB"), ("MOST_LISTS", "it holds more than 2 lists")],
)
def test_a_file_that_is_too_large_to_parse_is_told(store, monkeypatch, limit, told):
    files = in_memory(qa=b'{"a.png": [[]]}')
    monkeypatch.setattr(exchange, limit, 3)
    (error,) = import_files(store, files).errors
    assert "record 1" in str(error) or limit == "LARGEST_JSON"
    monkeypatch.setattr(exchange, limit, 2)
    (error,) = import_files(store, files).errors
    assert str(error).startswith(f"qa.json: {told}") and str(error).endswith("divide it.")


def test_an_image_that_is_too_large_is_told_once(store, monkeypatch):
    monkeypatch.setattr(exchange, "LARGEST_JSON", 99)
    monkeypatch.setattr(exchange._content, "__defaults__", (9,))
    files = in_memory(qa=b'{"a.png": [{"question": "w0>", "answer": ""}]}')
    files["a.png"] = partial(io.BytesIO, bytes(10))
    (error,) = import_files(store, files).errors
    assert str(error) == "a.png: it is larger than 0 MB: make it smaller, or divide it."


@pytest.mark.parametrize("content", [b'{"a": [], "b": [], "c": []}', b"{}"])
def test_an_import_of_files_without_records_is_stopped(store, content):
    class Stopped(ImportProgress):
        def step(self, count: int = 1) -> None:
            assert count == 0 and not self.stopped
            self.stopped = True
            self.stop()
            super().step(count)

        stopped = False

    with pytest.raises(StoppedError):
        import_files(store, in_memory(qa=content), Stopped())


@pytest.mark.parametrize("name", ["nfd.zip", "case.zip"])
def test_case_of_names(store, shared, name):
    done = import_zip(store, shared / "cases" / "import_names" / name)
    assert (done.change.added, done.errors) == (1, ())


def test_what_is_no_zip_file_is_told(store, letter):
    (error,) = import_zip(store, letter).errors
    assert str(error) == "my letter.png: it is not a zip file, or it is damaged: make it again."


def test_what_a_killed_process_has_begun_to_write_is_deleted(tmp_path):
    folder = tmp_path / "mine" / "images"
    folder.mkdir(parents=True)
    old, new, other = (folder / name for name in (".a.png.1.partial", ".b.png.2.partial", "c.png"))
    for file in (old, new, other):
        file.write_bytes(b"half")
    os.utime(old, (0, 0))
    os.utime(other, (0, 0))
    delete_leftovers(tmp_path / "mine")
    assert sorted(path.name for path in folder.iterdir()) == [new.name, other.name]
    delete_leftovers(tmp_path / "none")
