"""Draws the example pages of this folder and writes the JSON files of what to ask about them.

    python assets/make_examples.py

Everything on them is made up. The fonts are free ones (Caladea, Carlito, DejaVu Sans Mono; in
Debian: fonts-crosextra-caladea, fonts-crosextra-carlito, fonts-dejavu-core).
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

FOLDER = Path(__file__).parent
INK = 38  # grey of the print
SERIF, SERIF_BOLD = "Caladea-Regular.ttf", "Caladea-Bold.ttf"
SANS, SANS_BOLD = "Carlito-Regular.ttf", "Carlito-Bold.ttf"
MONO = "DejaVuSansMono.ttf"

Box = tuple[int, int, int, int]


class Sheet:
    """A page to print lines on."""

    def __init__(self, width: int, height: int) -> None:
        self.image = Image.new("L", (width, height), 250)
        self.draw = ImageDraw.Draw(self.image)

    def print(self, x: int, y: int, text: str, font: str, size: int, anchor: str = "la") -> Box:
        """Print one line; the box round its ink."""
        face = ImageFont.truetype(font, size)
        self.draw.text((x, y), text, INK, face, anchor)
        return tuple(round(v) for v in self.draw.textbbox((x, y), text, face, anchor))

    def rule(self, x0: int, y0: int, x1: int, y1: int, width: int = 2) -> None:
        """A printed rule."""
        self.draw.line((x0, y0, x1, y1), 110, width)

    def save(self, name: str, title: str, marked: Box, expected: str) -> None:
        """Write the page, slightly soft as from a scanner, and one line of it to read."""
        soft = np.asarray(self.image.filter(ImageFilter.GaussianBlur(0.5)))
        Image.fromarray(soft // 10 * 10).save(FOLDER / f"{name}.png", optimize=True)  # few greys
        save_question(name, f"{name}.png", title, "w0>", [marked], expected)


def save_question(
    name: str,
    page: str,
    title: str,
    task: str,
    marked: list[Box],
    expected: str,
    text: str = "",
) -> None:
    """Write the JSON file `name` about a page: boxes to highlight, the text that the task takes,
    and the right answer."""
    boxes = [[[x0 - 6, y0 - 4], [x1 + 6, y1 + 4]] for x0, y0, x1, y1 in marked]
    about = {
        "title": title,
        "page": page,
        "task": task,
        "text": text,
        "marks": {
            "shapes": [{"channel": "highlight", "kind": "box", "points": box} for box in boxes]
        },
        "expected": expected,
    }
    (FOLDER / f"{name}.json").write_text(json.dumps(about, indent=2) + "\n")


def letter() -> None:
    """A printed letter."""
    sheet = Sheet(1240, 1080)
    sheet.print(110, 80, "Harbour Street Library", SERIF_BOLD, 42)
    sheet.print(110, 136, "14 Harbour Street, Northwick", SERIF, 28)
    sheet.rule(110, 190, 1130, 190)
    sheet.print(1130, 220, "3 October 2026", SERIF, 30, "ra")
    sheet.print(110, 290, "Dear Mrs. Abbott,", SERIF, 32)
    lines = (
        "Thank you for the box of old maps that you left at our",
        "front desk last week. We have looked at all of them and",
        "would like to show the two oldest in our reading room.",
        "",
        "The exhibition opens on Friday, 13 November, at six in",
        "the evening. There will be tea, and a short talk by the",
        "author of the new town history. Please bring a guest.",
    )
    boxes = []
    for number, line in enumerate(lines):
        boxes.append(sheet.print(110, 370 + 54 * number, line, SERIF, 34))
    sheet.print(110, 800, "With kind regards,", SERIF, 34)
    sheet.print(110, 920, "Daniel Moreau", SERIF_BOLD, 34)
    sheet.print(110, 966, "Head of Collections", SERIF, 30)
    sheet.save("1_letter", "Letter", boxes[2], lines[2])
    read = "\\".join(lines[:3])  # the model's sign for a new line
    save_question("4_paragraph", "1_letter.png", "Paragraph", "read_block0>", boxes[:3], read)
    save_question("5_find", "1_letter.png", "Find words", "0w~", [], "", "the two oldest")


def form() -> None:
    """A filled-in form."""
    sheet = Sheet(1240, 1000)
    sheet.print(100, 70, "Request for a Replacement Card", SANS_BOLD, 46)
    sheet.print(100, 136, "Please print clearly. Fields 1 to 6 are required.", SANS, 28)
    fields = (
        ("1  Family name", "Lindqvist", "2  Given name", "Maria Helena"),
        ("3  Date of birth", "27 May 1984", "4  Card number", "4402 7715 093"),
        ("5  Address", "8 Orchard Lane, Eastbrook", "6  Telephone", "555 0142"),
        ("7  Reason", "Card lost on a train", "8  Fee paid", "12.50"),
    )
    value = None
    for row, (left, answer, right, other) in enumerate(fields):
        y = 210 + 130 * row
        sheet.draw.rectangle((100, y, 1140, y + 130), outline=110, width=2)
        sheet.rule(660, y, 660, y + 130)
        sheet.print(116, y + 12, left, SANS, 24)
        sheet.print(676, y + 12, right, SANS, 24)
        box = sheet.print(130, y + 60, answer, SANS_BOLD, 38)
        sheet.print(690, y + 60, other, SANS_BOLD, 38)
        if left.startswith("5"):
            value = box
    sheet.print(100, 780, "I declare that the card is no longer in my possession.", SANS, 32)
    sheet.rule(100, 900, 560, 900)
    sheet.rule(680, 900, 1140, 900)
    sheet.print(100, 912, "Place and date", SANS, 24)
    sheet.print(680, 912, "Signature", SANS, 24)
    sheet.save("2_form", "Form", value, fields[2][1])
    asked, born = "What is the date of birth?", fields[1][1]
    save_question("6_question", "2_form.png", "Ask a question", "natural_q~", [], born, asked)


def receipt() -> None:
    """A till receipt."""
    sheet = Sheet(760, 1080)
    sheet.print(380, 60, "CORNER BAKERY", MONO, 44, "ma")
    sheet.print(380, 124, "22 Mill Road, Westford", MONO, 26, "ma")
    sheet.print(380, 164, "Receipt 004518", MONO, 26, "ma")
    sheet.rule(80, 220, 680, 220)
    goods = (
        ("2 Rye bread", "7.80"),
        ("1 Apple cake", "4.50"),
        ("3 Poppy seed roll", "3.60"),
        ("1 Orange juice", "2.90"),
        ("2 Coffee, large", "6.40"),
    )
    boxes = []
    for row, (item, price) in enumerate(goods):
        y = 256 + 64 * row
        boxes.append(sheet.print(80, y, item, MONO, 32))
        sheet.print(680, y, price, MONO, 32, "ra")
    sheet.rule(80, 600, 680, 600)
    sheet.print(80, 630, "TOTAL", MONO, 40)
    sheet.print(680, 630, "25.20", MONO, 40, "ra")
    sheet.print(80, 710, "Paid in cash", MONO, 30)
    sheet.print(680, 710, "30.00", MONO, 30, "ra")
    sheet.print(80, 760, "Change", MONO, 30)
    sheet.print(680, 760, "4.80", MONO, 30, "ra")
    sheet.rule(80, 830, 680, 830)
    sheet.print(380, 866, "Thank you, see you soon", MONO, 30, "ma")
    sheet.print(380, 920, "14.10.2026  08:47", MONO, 28, "ma")
    sheet.save("3_receipt", "Receipt", boxes[2], goods[2][0])


if __name__ == "__main__":
    letter()
    form()
    receipt()
