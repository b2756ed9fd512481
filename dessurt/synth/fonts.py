"""The font families that pages are set in: those of a wish list that the system has."""

from __future__ import annotations

from functools import cache

# How often a family is chosen, beside the others. Metric doubles of the usual office fonts, the
# faces of LaTeX and the web come first; rare ones widen the view.
WISHED = {
    "Liberation Sans": 10, "Liberation Serif": 10, "Liberation Mono": 5, "Nimbus Sans": 4,
    "Nimbus Roman": 4, "Nimbus Mono PS": 3, "TeX Gyre Termes": 3, "TeX Gyre Heros": 3,
    "TeX Gyre Cursor": 2, "Carlito": 5, "Caladea": 3, "DejaVu Sans": 6, "DejaVu Serif": 3,
    "DejaVu Sans Mono": 4, "Latin Modern Roman": 5, "Latin Modern Sans": 2,
    "Latin Modern Mono": 2, "New Computer Modern": 5, "FreeSans": 2, "FreeSerif": 2,
    "FreeMono": 1, "Open Sans": 4, "Roboto": 4, "Lato": 3, "Libertinus Serif": 2,
    "Linux Libertine O": 2, "Linux Biolinum O": 1, "P052": 3, "TeX Gyre Pagella": 2, "C059": 2,
    "URW Bookman": 2, "URW Gothic": 1, "TeX Gyre Adventor": 1, "EB Garamond 12": 1,
    "Cantarell": 1, "Cabin": 1, "Roboto Slab": 1, "Inconsolata": 1, "Courier Prime": 2,
    "TlwgTypewriter": 1, "B612": 1, "Quicksand": 1, "Comic Neue": 1, "OCR B": 1,
    "Averia Serif GWF": 1,
}  # fmt: skip
HELD_OUT = ("TeX Gyre Schola", "Vollkorn", "Anonymous Pro", "Fanwood", "Dosis", "TeX Gyre Bonum",
            "Old Standard TT", "Courier Prime Sans")  # fmt: skip


@cache
def families(held_out: bool = False) -> dict[str, int]:
    """Family names that Typst can find here, with how often to choose each.

    Args:
        held_out: those never trained on, for validation.

    Raises:
        RuntimeError: none of them is installed.
    """
    import typst

    there = set(typst.Fonts().families())
    wished = dict.fromkeys(HELD_OUT, 1) if held_out else WISHED
    found = {name: weight for name, weight in wished.items() if name in there}
    if not found:
        raise RuntimeError("No known font is installed: install fonts-liberation2 or fonts-dejavu.")
    return found
