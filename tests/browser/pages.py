"""Pages drawn for tests."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

LINES = ("A first line of text", "and a second one below it", "The third line", "Line number four")


def text_page(name: str = "", size: tuple[int, int] = (800, 600)) -> Image.Image:
    """A white page with `LINES`, the first of which is `name` if given; grey."""
    page = Image.new("L", size, 255)
    draw = ImageDraw.Draw(page)
    for number, line in enumerate((name or LINES[0], *LINES[1:])):
        draw.text((60, 80 + 90 * number), line, fill=0, font_size=34)
    return page


def pages_file(path: Path, count: int) -> Path:
    """A PDF or TIFF of text pages whose first lines tell their number."""
    first, *others = (text_page(f"This is page {number + 1}") for number in range(count))
    first.save(path, save_all=True, append_images=others, resolution=150)
    return path
