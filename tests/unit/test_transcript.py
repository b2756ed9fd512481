"""Transcripts: lines become paragraphs, corrections win, records come back, texts are written."""

from __future__ import annotations

import csv
import dataclasses
import io
import json

import pytest
from transcripts import HOSTILE, LETTER_LINES, line, transcript

from dessurt.protocol import TextLine
from dessurt.transcript import FORMATS, Field, Source, Transcript, TranscriptError, write
from dessurt.transcript.blocks import angle_of, baseline_of, height_of, is_slanted
from dessurt.transcript.text import fields_table, markdown, plain_text, readable_json

FORM = '[{"Name": "question", "answers": ["Ann\\\\Lee"]}, {"=1+1": "question", "answers": ["-5"]}'


def texts(page: Transcript) -> list[str]:
    return [block.text for block in page.blocks]


def test_lines_that_follow_each_other_are_a_paragraph():
    assert texts(transcript(*LETTER_LINES)) == [
        "A Letter",
        "Dear Ann, this is the exam-\nple. Another example is Ωμέγα Привет €",
        "slanted writing",
        "upwards",
    ]


@pytest.mark.parametrize("angle", [0, 3, -3, 90, -90, 180])
def test_paragraphs_in_any_direction(angle):
    """Three lines, then two after a wider gap."""
    level = [line(0, y, "some words here") for y in (0, 36, 72, 135, 171)]
    lines = []
    for each in level:
        x, y = each.quad[0]
        start = line(500, 500, "x", height=y or 1, angle=angle).quad[3] if y else (500, 500)
        lines.append(line(*start, "some words here", angle=angle))
    assert [len(block.lines) for block in transcript(*lines).blocks] == [3, 2]


def test_columns_and_words_beside_each_other_are_no_paragraph():
    beside = transcript(line(100, 100, "left one"), line(500, 100, "right one"))
    assert len(beside.blocks) == 2
    left, right = ([line(x, y, "x" * 9) for y in (100, 135)] for x in (100, 600))
    assert [len(block.lines) for block in transcript(*left, *right).blocks] == [2, 2]


def test_measures_of_a_line():
    level, steep = line(100, 100, "abcd").quad, line(100, 100, "abcd", angle=-90).quad
    assert (angle_of(level), height_of(level), is_slanted(level)) == (0, 30, False)
    assert baseline_of(level) == ((100, 122.5), (160, 122.5))
    assert angle_of(steep) == pytest.approx(-90)
    assert height_of(steep) == pytest.approx(30) and is_slanted(steep)


def test_a_record_comes_back_exactly():
    lines = (*LETTER_LINES, line(10, 1300, HOSTILE), TextLine(line(1, 1, "x").quad, ()))
    page = transcript(*lines, corrections={1: "Dear Anne"}, form=FORM)
    assert Transcript.from_json(page.to_json()) == page
    assert "\n" not in page.to_json() and page.to_json().isascii()
    empty = transcript(source=Source())
    assert Transcript.from_json(empty.to_json()) == empty


@pytest.mark.parametrize("record", ["", "{}", "[]", "null", '{"version": 1}', '{"version": "x"}'])
def test_what_is_no_record(record):
    with pytest.raises(TranscriptError, match="no record"):
        Transcript.from_json(record)


def test_a_record_of_a_later_version():
    with pytest.raises(TranscriptError, match="newer"):
        Transcript.from_json(json.dumps({"version": 2}))


def corrected(text: str, correction: str):
    (only,) = transcript(line(0, 0, text), corrections={0: correction}).lines
    assert only.corrected and only.text == correction
    return only.words


def test_words_that_stay_keep_place_and_confidence():
    first, second, third = corrected("Dear Anm Lee", "Dear Ann Lee")
    assert [first.confidence, second.confidence, third.confidence] == [0.9, None, 0.9]
    assert first.quad == ((0, 0), (60, 0), (60, 30), (0, 30))
    assert second.quad == ((75, 0), (120, 0), (120, 30), (75, 30))


def test_new_words_share_what_the_old_ones_took():
    """`firstsecond` stood from 45 to 210 pixels; the space takes as much as a letter."""
    _, first, second, _ = corrected("to firstsecond it", "to first second it")
    letter = 165 / 12
    assert first.quad[0][0] == pytest.approx(45) and second.quad[1][0] == pytest.approx(210)
    assert first.quad[1][0] == pytest.approx(45 + 5 * letter, abs=0.01)
    assert second.quad[0][0] == pytest.approx(45 + 6 * letter, abs=0.01)


def test_a_word_that_was_left_out_stands_between_its_neighbours():
    words = corrected("Dear Lee", "Dear Ann Lee")
    assert words[1].quad[0][0] >= words[0].quad[1][0]
    assert words[1].quad[1][0] <= words[2].quad[0][0]


@pytest.mark.parametrize("angle", [0, 4, -90])
def test_a_line_in_which_nothing_was_read_is_written_by_a_person(angle):
    quad = line(500, 700, "x" * 9, angle=angle).quad
    (only,) = transcript(TextLine(quad, ()), corrections={0: "nine long"}).lines
    first, second = only.words
    assert first.quad[0] == pytest.approx(quad[0], abs=0.01)
    assert second.quad[1] == pytest.approx(quad[1], abs=0.01)


def test_a_line_that_a_person_empties():
    (only,) = transcript(line(0, 0, "noise"), corrections={0: " "}).lines
    assert only.corrected and only.words == ()


def test_labels_and_values_of_a_form():
    table = '[{"row headers": ["Ann"], "column headers": ["Age"], "cells": [["7"]]}]‡'
    assert transcript(form=table).fields == (Field("Ann / Age", "7"),)
    assert transcript(form=FORM).fields == (Field("Name", "Ann\nLee"), Field("=1+1", "-5"))
    assert transcript(form="").fields == ()


def test_plain_text():
    page, empty = transcript(*LETTER_LINES[:3]), transcript()
    text = "A Letter\n\nDear Ann, this is the exam-\nple. Another example is Ωμέγα Привет €\n"
    assert plain_text([page]) == text
    assert plain_text([page, empty, page]) == f"{text}\f\f{text}"
    assert plain_text([transcript(line(0, 0, HOSTILE))]) == 'a<b>&"c"\ufffd\ufffd\ufffd\ufffd]]>é\n'


def test_markdown():
    page = transcript(*LETTER_LINES[:3])
    assert markdown([page, transcript(line(0, 0, "x"))]) == (
        "# A Letter\n\n"
        "Dear Ann, this is the example. Another example is Ωμέγα Привет €\n"
        "\n---\n\nx\n"
    )


def test_a_hyphen_stays_where_it_may_belong_to_the_word():
    known = transcript(line(0, 0, "A well-"), line(0, 35, "known word"))
    assert markdown([known]) == "A well-known word\n"
    soft = transcript(line(0, 0, "A sim\xad"), line(0, 35, "ple word"))
    assert markdown([soft]) == "A simple word\n"
    dash = transcript(line(0, 0, "A dash -"), line(0, 35, "not a hyphen"))
    assert markdown([dash]) == "A dash - not a hyphen\n"


@pytest.mark.parametrize(
    "text, escaped",
    [("# 1 *b* `c` <i>", r"\# 1 \*b\* \`c\` \<i\>"), ("1. one", r"1\. one"), ("- x", r"\- x"),
     ("[a](b) a_b &amp;", r"\[a\](b) a\_b \&amp;"), ("2nd", "2nd"), ("+ x", r"\+ x")],
)  # fmt: skip
def test_markdown_shows_signs_as_they_were_read(text, escaped):
    assert markdown([transcript(line(0, 0, text))]) == escaped + "\n"


def test_json_for_other_programs():
    page = transcript(*LETTER_LINES, line(0, 0, HOSTILE), corrections={1: "Dear Anne"})
    (entries,) = json.loads(readable_json([page]))["pages"]
    assert entries["text"] == page.text and entries["file"] == "page.png" and entries["page"] == 1
    assert (entries["width"], entries["height"]) == (1000, 1400)
    line_entries = entries["blocks"][1]["lines"][0]
    assert line_entries["text"] == "Dear Anne" and line_entries["corrected"]
    assert [word["confidence"] for word in line_entries["words"]] == [0.75, None]


def test_fields_as_a_table_that_spreadsheets_open_and_do_not_run():
    page = transcript(source=Source("=x.png", 4), form=FORM)
    more = (Field("+49 30", "@SUM(A1)"), Field("\uff1d1", '"x", y'), Field("-3.5", "-3.5-1"))
    page = dataclasses.replace(page, fields=page.fields + more)
    content = fields_table([page, transcript()])
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert rows == [
        ["file", "page", "label", "value"],
        ["'=x.png", "5", "Name", "Ann\nLee"],
        ["'=x.png", "5", "'=1+1", "-5"],
        ["'=x.png", "5", "'+49 30", "'@SUM(A1)"],
        ["'=x.png", "5", "'\uff1d1", '"x", y'],
        ["'=x.png", "5", "-3.5", "'-3.5-1"],
    ]


def test_every_format_writes_a_file_whole(tmp_path):
    for form in FORMATS.values():
        if form.writer:
            path = tmp_path / "new" / f"page{form.ending}"
            write(path, form.name, [transcript(*LETTER_LINES)])
            assert b"Letter" in path.read_bytes() or form.name == "csv"
    assert not [path for path in (tmp_path / "new").iterdir() if path.name.endswith(".partial")]


def test_what_cannot_be_written_is_told(tmp_path):
    page = transcript(*LETTER_LINES)
    with pytest.raises(TranscriptError, match="no format docx: choose from txt"):
        write(tmp_path / "a", "docx", [page])
    with pytest.raises(TranscriptError, match="one page as ALTO 4"):
        write(tmp_path / "a", "alto", [page, page])
    with pytest.raises(TranscriptError, match="the file of each"):
        write(tmp_path / "a", "pdf", [page])
    assert not list(tmp_path.iterdir())
