"""hOCR, ALTO and PAGE: valid by their schemas, with every word in its place."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from lxml import etree
from transcripts import HOSTILE, LETTER_LINES, line, transcript

from dessurt.protocol import TextLine
from dessurt.transcript import Source, Transcript
from dessurt.transcript.alto import alto
from dessurt.transcript.hocr import hocr
from dessurt.transcript.page_xml import page_xml

SCHEMAS = Path(__file__).resolve().parents[1] / "schemas"
NOTHING = TextLine(line(50, 1200, "nothing").quad, ())
PAGES = {
    "letter": transcript(*LETTER_LINES),
    "corrected": transcript(*LETTER_LINES, corrections={1: "Dear Anne, this is"}),
    "empty": transcript(),
    "one letter": transcript(line(10, 10, "a")),
    "nothing read": transcript(NOTHING),
    "some read": transcript(LETTER_LINES[0], NOTHING),
    "hostile": transcript(line(10, 10, HOSTILE), source=Source(HOSTILE + "; bbox 1", 6, HOSTILE)),
    "beyond the page": transcript(line(-40, -20, "outside words"), line(900, 1390, "outside too")),
    "nothing known": transcript(line(10, 10, "a"), source=Source()),
}
every_page = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)


class Here(etree.Resolver):
    """Finds the schema that another one imports beside it, whatever its address is."""

    def resolve(self, url, public_id, context):
        return self.resolve_filename(str(SCHEMAS / Path(url).name), context)


def schema(name: str) -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Here())
    return etree.XMLSchema(etree.parse(SCHEMAS / name, parser))


ALTO, PAGE = schema("alto-4-4.xsd"), schema("page-2019-07-15.xsd")


def parsed(content: bytes) -> etree._Element:
    return etree.fromstring(content, etree.XMLParser(load_dtd=False, no_network=True))


def texts(root: etree._Element, name: str, attribute: str = "") -> list[str]:
    found = root.iter(f"{{*}}{name}")
    return [each.get(attribute) if attribute else each.text for each in found]


@every_page
def test_alto_is_valid(page: Transcript):
    root = parsed(alto(page))
    ALTO.assertValid(root)
    words = [w.text for each in page.lines for w in each.words]
    assert [len(text) for text in texts(root, "String", "CONTENT")] == [len(w) for w in words]


@every_page
def test_page_is_valid(page: Transcript):
    root = parsed(page_xml(page))
    PAGE.assertValid(root)
    assert len(texts(root, "Word", "id")) == sum(len(each.words) for each in page.lines)


@every_page
def test_hocr_is_valid_xml(page: Transcript):
    root = parsed(hocr([page, page]))
    ids = [each.get("id") for each in root.iter() if each.get("id")]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"(\w+ [^;]+)(; \w+ [^;]+)*", t) for t in root.xpath("//@title"))
    assert len(root.xpath("//*[@class='ocr_page']")) == 2
    assert len(root.xpath("//*[@class='ocrx_word']")) == 2 * sum(len(x.words) for x in page.lines)


@pytest.mark.skipif(not shutil.which("hocr-check"), reason="hocr-tools is not installed")
def test_hocr_tools_find_nothing_wrong(tmp_path):
    (tmp_path / "page.hocr").write_bytes(hocr([PAGES["letter"]]))
    done = subprocess.run(["hocr-check", tmp_path / "page.hocr"], capture_output=True, text=True)
    assert done.returncode == 0 and "not ok" not in done.stderr + done.stdout


def test_alto_says_where_words_stand_and_how_sure_they_are():
    root = parsed(alto(PAGES["letter"]))
    word = next(root.iter("{*}String"))
    assert dict(word.attrib) == {
        "ID": "word_1_1_1", "HPOS": "100", "VPOS": "100", "WIDTH": "15", "HEIGHT": "60",
        "CONTENT": "A", "WC": "0.9000",
    }  # fmt: skip
    assert texts(root, "TextLine", "BASELINE")[0] == "100,145 220,145"
    assert texts(root, "softwareName") == ["Dessurt"] and texts(root, "fileName") == ["page.png"]
    assert "checkpoint: small" in texts(root, "processingStepSettings")
    assert len(texts(root, "SP")) == 1 + 5 + 6 + 1
    # Of slanted lines and their words there are the corners.
    slanted = root.xpath("//*[local-name()='TextBlock'][3]//@POINTS")
    assert len(slanted) == 3 and slanted[0].startswith("120,700 344,716 ")


def test_alto_says_what_a_person_has_corrected():
    root = parsed(alto(PAGES["corrected"]))
    lines = [each for each in root.iter("{*}TextLine") if each.get("CS")]
    assert [each.get("ID") for each in lines] == ["line_2_1"]
    words = {w.get("CONTENT"): (w.get("CS"), w.get("WC")) for w in lines[0].iter("{*}String")}
    assert words["Anne,"] == ("true", None) and words["Dear"] == (None, "0.7500")
    assert "correction by a person" in texts(root, "processingStepDescription")
    assert "correction" not in texts(parsed(alto(PAGES["letter"])), "Processing", "ID")


def test_page_says_where_words_stand_and_how_sure_they_are():
    root = parsed(page_xml(PAGES["letter"]))
    sheet = next(root.iter("{*}Page"))
    assert (sheet.get("imageFilename"), sheet.get("imageWidth")) == ("page.png", "1000")
    assert texts(root, "TextRegion", "type") == ["heading", *["paragraph"] * 3]
    assert texts(root, "RegionRefIndexed", "regionRef") == [f"region_{n}" for n in range(1, 5)]
    word = next(root.iter("{*}Word"))
    assert word[0].get("points") == "100,100 115,100 115,160 100,160"
    assert word[1].get("conf") == "0.9000" and word[1][0].text == "A"
    assert texts(root, "Baseline", "points")[0] == "100,145 220,145"
    assert texts(root, "Creator") == [str(PAGES["letter"].creator)]


def test_page_says_what_a_person_has_corrected():
    root = parsed(page_xml(PAGES["corrected"]))
    marked = [each for each in root.iter() if "corrected" in (each.get("custom") or "")]
    assert [each.get("id") for each in marked] == ["line_2_1", "word_2_1_2"]
    assert marked[1][-1].get("conf") is None
    assert marked[1][-1][0].text == "Anne,"


def test_hocr_says_where_words_stand_and_how_sure_they_are():
    root = parsed(hocr([PAGES["letter"]]))
    titles = {each.get("id"): each.get("title") for each in root.iter() if each.get("id")}
    assert titles["page_1"] == 'image "page.png"; bbox 0 0 1000 1400; ppageno 0; scan_res 150 150'
    level = "bbox 100 100 220 160; baseline 0.0000 -15.0; x_size 60.0"
    assert titles["line_1_1_1"] == level
    assert titles["word_1_1_1_1"] == "bbox 100 100 115 160; x_wconf 90"
    assert titles["line_1_4_1"].endswith("textangle 90.0; x_size 30.0")
    # From the lower left corner of the box: down to the right by 4 degrees, 22.5 of 30 high.
    assert titles["line_1_3_1"].startswith("bbox 118 700 344 746; baseline 0.0699 -23.")


def test_hocr_says_what_a_person_has_corrected():
    root = parsed(hocr([PAGES["corrected"]]))
    marked = [e.get("id") for e in root.iter() if "x_corrected" in (e.get("title") or "")]
    assert marked == ["line_1_2_1", "word_1_2_1_2"]
