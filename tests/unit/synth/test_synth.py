"""Synthetic pages: the same seed, the same bytes; every character stands where it is said to."""

import random
import re
import string
from pathlib import Path

import cv2
import numpy as np
import pytest

from dessurt.page.plane import mapped
from dessurt.synth import KINDS, NoFontsError, SynthPage, Writer, fonts, page, pdftext
from dessurt.synth import scan as effects
from dessurt.synth import text as words
from dessurt.synth.files import load, save
from dessurt.synth.main import main
from dessurt.synth.page import OFTEN, drawn
from dessurt.synth.sheet import Grid, Sheet, colour, number_of
from dessurt.truth import Entity, Line, Paragraph, Table, Truth, mapped_truth
from dessurt.whole_files import replacing
from tests.conftest import link_fonts

PAPER = "#set page(width: 400pt, height: 200pt, margin: 20pt)\n"


def printed(sheet: Sheet, body: str):
    """The only page of a body of Typst source."""
    (found,) = drawn(PAPER + body, sheet, "test")
    return found


def sheet() -> Sheet:
    return Sheet(random.Random(0))


def texts(truth: Truth) -> list[str]:
    return [paragraph.text for paragraph in truth.paragraphs]


def test_same_seed_same_bytes_other_seed_other_page():
    first, again, other = page(11), page(11), page(12)
    assert [p.pixels.tobytes() for p in first] == [p.pixels.tobytes() for p in again]
    assert [texts(p.truth) for p in first] == [texts(p.truth) for p in again]
    assert first[0].pixels.tobytes() != other[0].pixels.tobytes()


def test_a_colour_carries_the_number_of_its_piece_and_plain_greys_carry_none():
    for number in (1, 15, 16, 272, 274, 4094):
        for ink in (0, 7, 15):
            red, green, blue = map(int, re.findall(r"\d+", colour(number, ink)))
            assert number_of(red, green, blue) == number
            assert abs((red + green + blue) / 3 - 16 * ink) < 16
    assert [number_of(grey, grey, grey) for grey in range(256)] == [0] * 256
    found = sheet()
    assert 0x111 not in [found.number() for _ in range(300)]


def test_paragraphs_are_the_pieces_that_were_put():
    found = sheet()
    a = found.put("Total: 12.50 kg")
    b = found.lines(["first line", "second line"])
    long = "many words that do not fit in a single line of so narrow a paper, " * 2
    c = found.put(long.strip())
    truth = printed(found, f"#{a}\n\n#{b} #{c}").truth
    assert texts(truth)[:2] == ["Total: 12.50 kg", "first line\\second line"]
    assert texts(truth)[2].replace("\\", " ") == long.strip()
    assert len(truth.paragraphs) == 3
    assert len(truth.paragraphs[2].lines) >= 2
    assert truth.kind == "test"
    assert truth.size == (417, 834)


def test_hyphens_ligatures_and_odd_spaces_are_read_as_printed():
    found = sheet()
    a = found.put("office   fluffy fi")
    b = found.put("internationalization " * 6)
    rules = '#set text(font: "New Computer Modern", hyphenate: true)\n#set par(justify: true)\n'
    truth = printed(found, f"{rules}#{a}\n\n#{b}").truth
    office, *rest = truth.lines
    assert office.text == "office fluffy fi"
    widths = office.ends[:, 1, 0] - office.ends[:, 0, 0]
    assert (widths > 1.5).all()  # the letters of a ligature share its place
    assert (np.diff(office.ends[:, 0, 0]) > 1.5).all()
    assert any(re.search(r"[a-z]-$", line.text) for line in rest)
    joined = re.sub(r"-\\", "", texts(truth)[1]).replace("\\", " ")
    assert joined == " ".join(["internationalization"] * 6)


def test_ink_stands_at_every_character_and_nowhere_outside_the_lines():
    found = sheet()
    a, b = found.put("HIMNUE 0123"), found.put("XYZ")
    shown = printed(found, f"#{a}\n\n#{b}")
    for line in shown.truth.lines:
        for letter, ((x0, y), (x1, _)) in zip(line.text, line.ends, strict=True):
            column = shown.pixels[int(y) - 4 : int(y) + 5, int(x0) : int(x1) + 1]
            assert (column.min() < 128) == (letter != " "), letter
    outside = shown.pixels.copy()
    for line in shown.truth.lines:
        for word in line.words:
            x0, y0, x1, y1 = word.box
            inside = shown.pixels[int(y0) : int(y1) + 1, int(x0) : int(x1) + 1]
            assert inside.min() < 60, word.text
            outside[int(y0) : int(y1) + 1, int(x0) - 1 : int(x1) + 2] = 255
    assert outside.min() == 255


def test_ink_of_whole_pages_lies_in_the_boxes_of_their_words():
    for kind in ("letter", "list"):
        for shown in page(3, kinds=[kind], scans=0):
            hits = [
                shown.pixels[int(y0) : int(y1) + 1, int(x0) : int(x1) + 1].min()
                < np.median(shown.pixels) - 40
                for word in (w for line in shown.truth.lines for w in line.words)
                for x0, y0, x1, y1 in [word.box]
            ]
            assert np.mean(hits) > 0.99


def test_fields_links_and_tables_are_those_of_the_sheet():
    found = sheet()
    head = found.put("Personal", "header")
    name, value = found.put("Name:", "question"), found.put("Ann Lee", "answer")
    blank = found.put("Age", "question")
    note = found.put("no part of the form")
    found.link(head, name, blank)
    found.link(name, value)
    cells = [found.put(text, "answer") for text in ("Qty", "7", "Box")]
    found.tables.append(
        Grid((cells[2].number,), (cells[0].number, None), ((cells[1].number, None),))
    )
    body = (
        f"#{head}\n\n#{name} #h(40pt) #{value}\n\n#{blank}\n\n#{note}\n\n"
        f"#table(columns: 3, [], {cells[0]}, [], {cells[2]}, {cells[1]}, [])"
    )
    truth = printed(found, body).truth
    assert [(each.kind, each.text) for each in truth.entities] == [
        ("header", "Personal"), ("question", "Name:"), ("answer", "Ann Lee"), ("question", "Age"),
        ("answer", "Qty"), ("answer", "7"), ("answer", "Box"),
    ]  # fmt: skip
    assert truth.links == ((0, 1), (0, 3), (1, 2))
    (table,) = truth.tables
    assert (table.row_headers, table.column_headers) == ((6,), (4, None))
    assert table.cells == ((5, None),)
    x0, y0, x1, y1 = table.box
    for i in (4, 5, 6):
        a, b, c, d = truth.entities[i].lines[0].box
        assert x0 <= a and y0 <= b and c <= x1 and d <= y1
    assert set(map(id, (line for each in truth.entities for line in each.lines))) < set(
        map(id, truth.lines)
    )


class Recorder(Sheet):
    """A sheet that remembers what was put on it, as it should be read."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__(rng)
        self.put_down: list[str] = []

    def lines(self, lines, *more, **named):
        self.put_down.append(words.clean(" ".join(lines)))
        return super().lines(lines, *more, **named)


@pytest.mark.parametrize("kind", ["form", "invoice", "receipt", "statement", "table"])
def test_the_texts_of_whole_pages_are_those_that_were_put_in_their_order(kind: str):
    whole = 0
    for seed in range(6):
        sheet = Recorder(random.Random(seed))
        pages = drawn(KINDS[kind](sheet), sheet, kind)
        if len(pages) == 1:
            read = [re.sub(r"[\\ ]", "", text) for text in texts(pages[0].truth)]
            put_down = [re.sub(r"[\\ ]", "", text) for text in sheet.put_down]
            assert read == put_down[: len(read)]  # a second page of a few lines is left out
            whole += read == put_down
    assert whole


def test_a_paragraph_that_flows_into_the_next_column_becomes_two():
    found = sheet()
    piece = found.put("word " * 60)
    (shown,) = drawn("#set page(width: 400pt, height: 150pt, columns: 2)\n" + f"#{piece}",
                     found, "")  # fmt: skip
    first, second = shown.truth.paragraphs
    assert max(line.box[2] for line in first.lines) < min(line.box[0] for line in second.lines)
    assert len((first.text + "\\" + second.text).replace("\\", " ").split()) == 60


def test_a_figure_is_found_where_it_is_drawn():
    found = sheet()
    number = found.number()
    found.figures.add(number)
    piece = found.put("text")
    body = f"#{piece}\n#place(top + left, dx: 72pt, dy: 36pt, box(fill: {colour(number, 8)}, "
    truth = printed(found, body + "width: 144pt, height: 72pt))").truth
    # 20 pt of margin; 150 dots are 72 pt.
    (box,) = truth.figures
    in_points = (20 + 72, 20 + 36, 20 + 72 + 144, 20 + 36 + 72)
    scale = np.array(truth.size[::-1]) / (400, 200)
    assert box == pytest.approx(np.array(in_points) * (*scale, *scale), abs=0.01)


def sound(shown: SynthPage) -> bool:
    """Whether what is known of a page can be true."""
    truth = shown.truth
    height, width = shown.pixels.shape
    assert truth.size == (height, width)
    for line in truth.lines:
        assert line.text == " ".join(line.text.split()) != ""
        assert line.ends.shape == (len(line.text), 2, 2)
        assert (line.ends[:, 1, 0] >= line.ends[:, 0, 0]).all()
        assert line.above > 0.5 * line.below > 0.2 * line.above, line.text
        x0, y0, x1, y1 = line.box
        assert 0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height, line.text
    assert all(0 <= i < len(truth.entities) for link in truth.links for i in link)
    kinds = {(truth.entities[a].kind, truth.entities[b].kind) for a, b in truth.links}
    return kinds <= {("header", "question"), ("question", "answer"), ("header", "answer")}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_yields_what_it_promises(kind: str):
    pages = [each for seed in range(3) for each in page(seed, kinds=[kind], scans=0)]
    assert {each.truth.kind for each in pages} == {kind}
    assert all(map(sound, pages))
    assert sum(len(each.truth.lines) for each in pages) > 20
    records = {"form", "invoice", "receipt", "statement"}
    assert any(each.truth.links for each in pages) >= (kind in records)
    assert any(each.truth.tables for each in pages) >= (kind in {"invoice", "statement", "table"})
    with_entities = any(each.truth.entities for each in pages)
    assert with_entities == (kind in records | {"table"})


FONT_SETS = {
    "set-up": lambda folder, root: link_fonts(folder, ("Liberation", "TeX Gyre")),
    "fetched": lambda folder, root: root / "fonts",
    "one": lambda folder, root: folder,
}


@pytest.fixture(params=FONT_SETS)
def other_fonts(request, tmp_path: Path, root: Path, monkeypatch) -> None:
    """Other fonts than those that Typst brings, all of `scripts/fetch_fonts.sh`, and one family."""
    folder = FONT_SETS[request.param](tmp_path, root)
    if not folder.is_dir():
        pytest.skip("scripts/fetch_fonts.sh has not been run: there is no folder fonts")
    monkeypatch.setenv("DESSURT_FONTS", str(folder))
    if request.param == "one":
        for style in ("PRINT", "MONO", "HAND"):
            monkeypatch.setattr(fonts, style, {"New Computer Modern": 1})


@pytest.mark.parametrize("kind", KINDS)
def test_pages_are_sound_in_other_fonts(other_fonts: None, kind: str):
    for shown in page(1, kinds=[kind], scans=0):
        assert sound(shown)


ODD = ["–", "—", "-", "_", "=", "~", ".", "...", ",", "'", '"', "’", "“”", "`", "^", "°", "*",
       "•", "·", "« »", "+", "x", "1,234.50", "|"]  # fmt: skip


def heights(*texts: str) -> list[tuple[float, float]]:
    """How far lines of these texts reach up and down, of all that the page has."""
    found = sheet()
    body = "\n\n".join(f"#{found.put(text)}" for text in texts)
    return [(line.above, line.below) for line in printed(found, body).truth.lines]


@pytest.mark.parametrize("text", ODD)
def test_a_line_is_as_tall_as_its_letters_would_be_whatever_it_holds(text: str):
    ((above, below),) = heights("Highly pleased")
    # Alone on its page, and beside letters in the same font.
    for found in (heights(text)[0], heights(text, "Highly pleased")[0]):
        assert 0.8 * above < found[0] < 1.1 * above
        assert 0.8 * below < found[1] < 1.15 * below


def test_a_flourish_makes_no_line_taller(monkeypatch: pytest.MonkeyPatch):
    # A capital of Écolier hangs a whole font size below the baseline.
    ((above, below),) = heights("Highly pleased")
    found = pdftext._characters

    def flourished(*given):
        letters, spaced, boxes, runs, run = found(*given)
        boxes[0] += (0, 0, -3 * runs[0].em, 3 * runs[0].em)
        return letters, spaced, boxes, runs, run

    monkeypatch.setattr(pdftext, "_characters", flourished)
    ((up, down),) = heights("Highly pleased")
    assert above <= up < 2.2 * above and below <= down < 2.2 * below


def test_what_the_edge_of_the_page_cuts_is_not_asked_for():
    found = sheet()
    inside, across, outside = found.put("whole"), found.put("cut off"), found.put("beyond")
    body = f"#{inside}\n" + "".join(
        f"#place(top + left, dx: {x}pt, dy: 40pt, {piece})"
        for x, piece in ((370, across), (400, outside))
    )
    assert texts(printed(found, body).truth) == ["whole"]


def test_about_half_of_the_documents_are_running_text():
    running = sum(OFTEN[kind] for kind in ("article", "manual", "letter", "memo", "fax"))
    assert 0.4 < running / sum(OFTEN.values()) < 0.6
    assert OFTEN.keys() == KINDS.keys()


def test_kinds_choose_and_unknown_ones_are_told():
    with pytest.raises(KeyError):
        page(0, kinds=["poem"])


def test_a_map_moves_lines_boxes_and_figures():
    ends = np.array([[[10, 20], [14, 20]], [[14, 20], [20, 20]]], np.float32)
    line = Line("ab", ends, 6, 2)
    truth = Truth(
        size=(100, 200),
        paragraphs=(Paragraph((line,)),),
        entities=(Entity("other", (line,)),),
        tables=(Table((0,), (None,), ((None,),), (5, 10, 25, 30)),),
        figures=((0, 0, 10, 20),),
    )
    quarter = np.array([(0, -2, 100), (2, 0, 0)])  # a quarter turn clockwise, twice as large
    new = mapped_truth(truth, quarter, (400, 200))
    (found,) = new.lines
    assert new.entities[0].lines[0] is found
    assert new.size == (400, 200)
    assert found.ends.tolist() == [[[60, 20], [60, 28]], [[60, 28], [60, 40]]]
    assert (found.above, found.below) == (12, 4)
    assert new.tables[0].box == (40, 10, 80, 50)
    assert new.figures == ((60, 0, 100, 20),)
    tilted = np.array([(1, 0, 0), (0, 1, 0), (0.01, 0, 1)])
    assert mapped(np.array([(100.0, 50.0)]), tilted).tolist() == [[50, 25]]


def test_a_scan_moves_the_points_with_the_ink():
    pixels = np.full((400, 600), 255, np.uint8)
    pixels[100:110, 500:510] = 0
    moved_far = 0
    for seed in range(24):
        shown, matrix = effects.turned(pixels, np.random.default_rng(seed))
        shown = shown.copy()
        shown[:60], shown[150:] = 255, 255  # the paper's edge may be dark
        shown[:, :450], shown[:, 560:] = 255, 255
        y, x = np.average(np.argwhere(shown < 250), axis=0, weights=255.0 - shown[shown < 250])
        expected = mapped(np.array([(505.0, 105.0)]), matrix)[0]
        moved_far += np.abs(expected - (505, 105)).max() > 1.5
        assert (x + 0.5, y + 0.5) == pytest.approx(expected, abs=0.25)
    assert moved_far >= 6


@pytest.mark.parametrize(
    "effect",
    ["coarse", "toned", "uneven", "noisy", "speckled", "worn", "bleed", "thresholded", "jpeg",
     "pen", "stamp"],
)  # fmt: skip
def test_an_effect_changes_the_page_but_leaves_it_in_place(effect: str):
    clean = np.full((300, 400), 255, np.uint8)
    cv2.putText(clean, "Reading 123", (20, 160), cv2.FONT_HERSHEY_SIMPLEX, 1.8, 40, 5)
    before = clean.copy()
    for seed in range(4):
        shown = getattr(effects, effect)(clean, np.random.default_rng(seed))
        assert shown.dtype == np.uint8 and shown.shape == clean.shape
        assert (shown != clean).any()
        assert (clean == before).all()
        likeness = np.corrcoef(shown.ravel(), clean.ravel())[0, 1]
        assert likeness > 0.4
    again = getattr(effects, effect)(clean, np.random.default_rng(3))
    assert (again == shown).all()


def test_pale_ink_stays_when_a_page_is_made_black_and_white():
    pale = np.full((200, 300), 220, np.uint8)
    pale[90:110, 20:280] = 165
    for seed in range(8):
        shown = effects.thresholded(pale, np.random.default_rng(seed))
        assert (shown == np.where(pale == 165, 0, 255)).all()
        white_on_black = effects.thresholded(255 - pale, np.random.default_rng(seed))
        assert (white_on_black == np.where(pale == 165, 255, 0)).all()


def test_a_page_comes_back_from_its_files(tmp_path):
    shown = page(2, kinds=["form"])[0]
    save(shown, tmp_path / "a.json")
    back = load(tmp_path / "a.json")
    assert (back.pixels == shown.pixels).all()
    a, b = back.truth, shown.truth
    assert [line.text for line in a.lines] == [line.text for line in b.lines]
    for x, y in zip(a.lines, b.lines, strict=True):
        assert x.ends == pytest.approx(y.ends, abs=0.006)
        assert (x.above, x.below) == pytest.approx((y.above, y.below), abs=0.006)
    assert [(e.kind, e.text) for e in a.entities] == [(e.kind, e.text) for e in b.entities]
    assert texts(a) == texts(b)
    assert (a.size, a.kind, a.links) == (b.size, b.kind, b.links)
    assert [(t.row_headers, t.column_headers, t.cells) for t in a.tables] == [
        (t.row_headers, t.column_headers, t.cells) for t in b.tables
    ]
    assert len(a.figures) == len(b.figures)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "a.png"]


def test_a_file_that_is_no_page_is_told(tmp_path):
    (tmp_path / "a.json").write_text('{"size": [1, 2]}')
    with pytest.raises(ValueError, match=r"a\.json does not describe a page"):
        load(tmp_path / "a.json")


def test_the_command_writes_the_same_bytes_for_the_same_seed(tmp_path):
    def run(name: str, seed: str) -> dict[str, bytes]:
        folder = tmp_path / name
        argv = ["--out", str(folder), "--count", "3", "--seed", seed, "--kinds", "memo,receipt"]
        assert main(argv) == 0
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    one = run("one", "4")
    assert one == run("two", "4") != run("three", "5")
    assert sorted(one) == [
        "contact_sheet.png", "page-00000.json", "page-00000.png", "page-00001.json",
        "page-00001.png", "page-00002.json", "page-00002.png",
    ]  # fmt: skip
    assert {load(tmp_path / "one" / f"page-0000{i}.json").truth.kind for i in range(3)} <= {
        "memo", "receipt",
    }  # fmt: skip


def test_the_command_tells_what_to_mend(tmp_path, capsys, monkeypatch):
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path), "--kinds", "poem"])
    assert "there is no kind 'poem': choose from article, manual" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path), "--fonts", str(tmp_path / "none")])
    assert "there is no folder" in capsys.readouterr().err

    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path), "--scans", "7"])
    assert "--scans must be from 0 to 1" in capsys.readouterr().err

    class Nothing:
        def families(self) -> list[str]:
            return []

    with monkeypatch.context() as patch:
        patch.setenv("DESSURT_FONTS", str(tmp_path / "gone"))
        assert main(["--out", str(tmp_path)]) == 2
    assert f"no folder of fonts {tmp_path / 'gone'} (DESSURT_FONTS)" in capsys.readouterr().err

    monkeypatch.setattr(fonts, "library", lambda path: Nothing())
    fonts._families.cache_clear()
    try:
        with pytest.raises(NoFontsError, match="run scripts/fetch_fonts.sh"):
            page(0)
        assert main(["--out", str(tmp_path)]) == 2
        assert "No known font is installed" in capsys.readouterr().err
        assert main(["--out", str(tmp_path), "--held-out"]) == 2
        assert "None of the fonts kept for validation" in capsys.readouterr().err
    finally:
        fonts._families.cache_clear()


def test_fonts_of_validation_are_not_trained_on(held_out_fonts):
    for style in ("print", "mono", "hand"):
        assert not fonts.families(style).keys() & fonts.families(style, held_out=True).keys()


def test_only_the_fonts_of_a_named_folder_are_used(held_out_fonts, monkeypatch):
    named = set(fonts.library(fonts.folder()).families())
    assert named >= {"TeX Gyre Schola", *fonts.families(), *fonts.families("mono")}
    monkeypatch.delenv("DESSURT_FONTS")
    assert set(fonts.library(fonts.folder()).families()) > named  # and those of the system


def test_an_interrupted_file_is_not_left_behind(tmp_path):
    (tmp_path / "a.json").write_text("old")
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "a.json") as partial:
        partial.write_text("half")
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert (tmp_path / "a.json").read_text("utf-8") == "old"


def test_the_writer_repeats_itself_for_a_seed_and_keeps_to_its_alphabet():
    def written(seed: int) -> list[str]:
        write = Writer(random.Random(seed))
        kinds = (write.heading, write.code, write.value, write.field, write.scramble)
        return [kind() for _ in range(30) for kind in kinds] + [write.prose(20)]

    assert written(5) == written(5)
    assert written(5) != written(6)
    assert set(string.ascii_letters + string.digits) <= set(words.ALPHABET)


def test_clean_resolves_ligatures_and_drops_what_is_not_printed():
    assert words.clean("ﬁnd …  x\u4e2dy") == "find ... x y"
    assert words.clean("a\tb\x07c\u00a0d ") == "a b c d"
