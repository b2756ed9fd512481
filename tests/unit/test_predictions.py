"""`dessurt evaluate --predictions`: answers in files, with the original's thresholds; bad files."""

import json
import random
from contextlib import nullcontext
from pathlib import Path

import pytest

from dessurt import Request
from dessurt.data.example import Example
from dessurt.data.records import Record
from dessurt.data.sets import open_set
from dessurt.data.sets.funsd import read_annotation
from dessurt.evaluate import main, sources
from dessurt.evaluate.forms.entities import Rules
from dessurt.evaluate.forms.figures import Scoring, entities, relations
from dessurt.evaluate.pages import Answer, KnownPage
from tests.unit.test_evaluate_sets import NAME, PAGE, QUESTION, Made, Writer, form, here
from tests.unit.test_sets_funsd import entity, save

HALF = [{"Name": "question", "answers": ["Bob"]}]  # of `form`: 2 of 4 entities, 1 of 2 links
# Two entities have no text, one link leads to one of them, and one from an entity to itself.
FORM = [
    entity(0, "header", "Form", 20, 20, [(0, 1)]),
    entity(1, "question", "Name:", 20, 60, [(0, 1), (1, 2)]),
    entity(2, "answer", "Bob Smith", 100, 60, [(1, 2)]),
    entity(3, "question", "Age:", 20, 100, [(3, 4)]),
    entity(4, "answer", " ", 100, 100, [(3, 4)]),
    entity(5, "other", "", 20, 140),
    entity(6, "question", "City:", 20, 180, [(6, 7), (6, 6)]),
    entity(7, "answer", "Rome/Italy", 100, 180, [(6, 7)]),
]
RIGHT = [
    {"Form": "header", "content": [{"Name:": "question", "answers": ["Bob Smith"]}]},
    {"Age:": "question"},
    {"City:": "question", "answers": ["Rome\\Italy"]},
]
SLIPS = json.loads(
    json.dumps(RIGHT).replace("Nam", "Nxm").replace("Bob Smith", "Rob Smyth").replace("ty:", "xx:")
)
CITY = [{"City:": "question", "answers": ["Rome"]}]


@pytest.fixture
def scored(monkeypatch, tmp_path):
    """Scores a file about some records; gives the exit code and the figures."""

    def run(path, records, *words, name="funsd"):
        monkeypatch.setattr(Made, "records", tuple(records))
        monkeypatch.setattr(main, "judges", lambda processes: nullcontext(here))
        monkeypatch.setattr(main, "open_model", lambda checkpoint: pytest.fail("nobody is asked"))
        monkeypatch.setattr(
            sources, "open_set", lambda given, split: open_set({**given, "set": NAME}, split)
        )
        file = tmp_path / "figures.json"
        given = ["--set", name, "--data", str(tmp_path), "--predictions", str(path)]
        code = main.main([*given, "--json", str(file), *words])
        return code, json.loads(file.read_text())

    return run


def forms(*names: str) -> list[Record]:
    return [Record(PAGE, truth=form(), source=f"/else/{name}.png") for name in names]


def written(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "predictions.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def figures_of(figures: dict) -> list[float]:
    task = figures["tasks"]["json>"]
    return [task["value"], *(each["value"] for each in task["more"])]


def test_forms_in_the_original_s_format_are_scored(scored, tmp_path, capsys):
    path = written(tmp_path, {"b": HALF, "a": [*HALF, {"Age": "question", "answers": ["41"]}]})
    code, figures = scored(path, forms("a", "b"))
    assert code == 0
    assert figures_of(figures) == pytest.approx([12 / 14, 2 * 3 / 7, 0.25])
    assert "predictions.json on funsd valid" in capsys.readouterr().out
    assert figures_of(scored(path, forms("a", "b"), "--as-original")[1])[2] == 0.125


def test_what_answers_writes_is_scored_to_the_same_figures(scored, monkeypatch, tmp_path):
    for name, records, task, text in (
        ("funsd", forms("a"), "json>", json.dumps(HALF) + "‡"),
        ("docvqa", [Record(PAGE, (QUESTION,), source="a")], "natural_q~", "bob smit"),
        (
            "sroie",
            [Record(PAGE, (Example(PAGE, Request("sroie>"), ('{"total": "9"}‡',), source="r"),))],
            "sroie>", '{"total": "9"}‡',
        ),
    ):  # fmt: skip
        answers, file = tmp_path / f"{name}.answers", tmp_path / "first.json"
        monkeypatch.setattr(Made, "records", tuple(records))
        monkeypatch.setattr(main, "judges", lambda processes: nullcontext(here))
        model = Writer({(task, question): text for question in ("", "Who?")}, tasks=(task,))
        monkeypatch.setattr(main, "open_model", lambda checkpoint, model=model, **_: model)
        monkeypatch.setattr(
            sources, "open_set", lambda given, split: open_set({**given, "set": NAME}, split)
        )
        words = ["--set", name, "--data", str(tmp_path), "--answers", str(answers)]
        assert main.main([*words, "--json", str(file)]) == 0
        first = json.loads(file.read_text())["tasks"]
        code, again = scored(answers, records, name=name)
        assert code == 0
        for figures in (first[task], again["tasks"][task]):
            figures.pop("seconds")
        assert again["tasks"] == first


def test_pages_that_do_not_fit_are_told_and_the_others_counted(scored, tmp_path, capsys):
    path = written(tmp_path, {"a": HALF, "x": HALF})
    code, figures = scored(path, forms("a", "b"))
    assert code == 130
    assert figures["tasks"]["json>"]["questions"] == 1 and figures_of(figures)[0] == 4 / 6
    assert figures["unfitting"] == [
        "predictions.json lacks b: left out.",
        "predictions.json answers what is not asked: x.",
    ]
    assert "lacks b" in capsys.readouterr().out
    # Of some of the pages others may be left.
    both = written(tmp_path, {"a": HALF, "b": HALF})
    assert scored(both, forms("a", "b"), "--limit", "1")[0] == 0


TWICE = [{"source": "/else/a.png", "task": "json>", "question": "", "answer": "[]"}] * 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"x": HALF}, "answers nothing about funsd valid: it is about x, and the set asks about a"),
        ([{**TWICE[0], "source": "b/a.png"}],
         "it is about b/a.png, and the set asks about /else/a.png; name another file, --split or"),
        ('{"a": [], "b": [], "a": []}', "answers a twice"),
        ([{"questionId": 7, "answer": "a"}] * 2, "answers 7 twice"),
        ('{"a": [{"Name": "quest', "is no JSON"),
        ("PNG", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ({"checkpoint": "small", "tasks": {}}, "holds no predictions"),
        (7, "holds no predictions"),
        ([{"source": "a"}], "holds no predictions"),
    ],
)
def test_files_that_cannot_be_scored(scored, tmp_path, capsys, content, message):
    with pytest.raises(SystemExit) as stopped:
        scored(written(tmp_path, content), forms("a"))
    assert stopped.value.code == 2
    told = capsys.readouterr().err.strip()
    assert message in told.splitlines()[-1]


def test_an_answer_too_many_is_told(scored, tmp_path):
    code, figures = scored(written(tmp_path, TWICE), forms("a"))
    assert code == 130
    assert figures["unfitting"] == ["predictions.json answers what is not asked: a.png."]


def test_places_without_predictions(scored, tmp_path, capsys):
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\xff")
    (tmp_path / "empty").mkdir()
    for name, message in (
        ("picture.png", "is no text"), ("nowhere.json", "cannot read"), ("empty", "no NAME.txt"),
    ):  # fmt: skip
        with pytest.raises(SystemExit):
            scored(tmp_path / name, forms("a"))
        assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "funsd", "--data", ".", "--checkpoint", "c"], "take the place of --checkpoint"),
        (["--set", "realpages", "--data", "."], "are for data sets"),
        (["--set", "docvqa", "--data", ".", "--twice"], "are for funsd and naf"),
        (["--set", "docvqa", "--data", ".", "--shuffled"], "are for funsd and naf"),
        (["--set", "iam", "--data", ".", "--link-threshold", ".5"], "are for funsd and naf"),
    ],
)
def test_options_that_do_not_fit(tmp_path, capsys, words, message):
    with pytest.raises(SystemExit):
        main.main([*words, "--predictions", str(written(tmp_path, {}))])
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("read", "scoring", "found", "linked"),
    [  # right and predicted, as the original counts; there are 8 entities and 4 links
        (RIGHT, Scoring(), (6, 6), (3, 3)),
        (SLIPS, Scoring(), (6, 6), (3, 3)),
        (SLIPS, Scoring(entity=0.2), (3, 6), (3, 3)),
        (SLIPS, Scoring(link=0.2), (3, 6), (0, 3)),
        (SLIPS, Scoring(entity=0.25, link=0.25), (5, 6), (2, 3)),
        (CITY, Scoring(0.5, 0.5), (1, 2), (0, 1)),
        (CITY, Scoring(0.5, 0.5, first_lines=True), (1, 2), (1, 1)),
    ],
)
def test_the_original_counts_entities_without_text(tmp_path, read, scoring, found, linked):
    path = save(tmp_path, a=FORM) / "annotations" / "a.json"
    record = open_set({"set": "funsd", "folder": tmp_path}).record(0, random.Random(0))
    known = KnownPage(str(path), record.page, truth=record.truth)
    answer = Answer(json.dumps(read))
    example, rules = Example(record.page, Request("json>"), ("",)), Rules(as_original=True)
    for judge, (right, predicted), true in ((entities, found, 8), (relations, linked, 4)):
        assert judge(known, example, answer, rules, scoring) == (2 * right, predicted + true)


def test_the_original_s_truth_of_funsd(shared):
    folder = shared / "data" / "funsd" / "train" / "annotations"
    if not folder.is_dir():
        pytest.skip("FUNSD is not here")
    of = without = links = broken = 0
    for path in sorted(folder.glob("*.json")):
        annotated, _ = read_annotation(path)
        blocks, found = annotated.blocks, annotated.links
        blank = {i for i, block in enumerate(blocks) if not any(w.strip() for w, _ in block.words)}
        of, without, links = of + len(blocks), without + len(blank), links + len(found)
        broken += sum(bool({*link} & blank) for link in found)
    # One more link leads from an entity to itself.
    assert (of, without, links, broken) == (7411, 152, 4229, 83)
