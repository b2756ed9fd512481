"""The font families that pages are set in: those of a wish list that can be found here.

Families are looked for on the system and in the folder `fonts/` of the working directory, which
`scripts/fetch_fonts.sh` fills. Where the environment variable `DESSURT_FONTS` names a folder, its
fonts and the few that Typst brings are all there are, so that they are the same on every machine.
"""

from __future__ import annotations

import os
from functools import cache

import typst

# How often a family is chosen, beside the others. Metric doubles of the usual office fonts, the
# faces of LaTeX and the web come first; rare ones widen the view.
PRINT = {
    "Liberation Sans": 12, "Liberation Serif": 12, "Nimbus Sans": 5, "Nimbus Roman": 5,
    "TeX Gyre Termes": 3, "TeX Gyre Heros": 3, "Carlito": 6, "Caladea": 4, "DejaVu Sans": 6,
    "DejaVu Serif": 3, "Latin Modern Roman": 6, "Latin Modern Sans": 2, "New Computer Modern": 6,
    "FreeSans": 2, "FreeSerif": 2, "Open Sans": 4, "Roboto": 4, "Lato": 2, "Libertinus Serif": 2,
    "Linux Libertine O": 2, "Linux Biolinum O": 1, "P052": 4, "TeX Gyre Pagella": 2, "C059": 3,
    "URW Bookman": 2, "URW Gothic": 1, "TeX Gyre Adventor": 1, "EB Garamond 12": 1,
    "Cantarell": 1, "Cabin": 1, "Roboto Slab": 1, "Quicksand": 1, "Comic Neue": 1,
    "Averia Serif GWF": 1, "Jura": 1, "Goudy Bookletter 1911": 1,
}  # fmt: skip
MONO = {
    "Liberation Mono": 6, "Nimbus Mono PS": 4, "DejaVu Sans Mono": 6, "Latin Modern Mono": 4,
    "TeX Gyre Cursor": 2, "FreeMono": 1, "Inconsolata": 1, "Courier Prime": 3,
    "TlwgTypewriter": 2, "GNUTypewriter": 2, "OCR B": 1, "IBM Plex Mono": 2,
    "Special Elite": 2, "VT323": 1,
}  # fmt: skip
HAND = {
    "Breip": 2, "DkgHandwriting": 2, "Delphine": 2, "Rufscript": 2, "Kristi": 1,
    "Havana": 1, "Dancing Script": 1, "Kaushan Script": 1, "Leckerli One": 1, "Lobster Two": 1,
    "Ecolier_court": 1, "Comic Neue": 1, "TeX Gyre Chorus": 1, "Z003": 1, "Caveat": 3,
    "Caveat Brush": 1, "Kalam": 3, "Patrick Hand": 3, "Homemade Apple": 2, "Reenie Beanie": 2,
    "Shadows Into": 2, "Indie Flower": 2, "Architects Daughter": 2, "Gloria Hallelujah": 1,
    "Covered By Your Grace": 1, "Cedarville Cursive": 2, "Sacramento": 1, "Satisfy": 1,
    "Great Vibes": 1, "Allura": 1, "Alex Brush": 1, "Parisienne": 1, "Gochi Hand": 2, "Handlee": 2,
    "Neucha": 1, "Bad Script": 2, "Marck Script": 2, "Annie Use Your Telescope": 2,
    "Schoolbell": 1, "The Girl Next Door": 2, "Short Stack": 1, "Delius": 1, "Mansalva": 2,
}  # fmt: skip
# Never trained on.
HELD_OUT_PRINT = ("TeX Gyre Schola", "TeX Gyre Bonum", "Vollkorn", "Fanwood", "Dosis",
                  "Old Standard TT", "Courier Prime Sans")  # fmt: skip
HELD_OUT_MONO = ("Anonymous Pro", "Courier Prime Code")
HELD_OUT_HAND = ("Steve", "Swanky and Moo Moo", "Sue Ellen Francisco")
# Not among them, though some scripts fetch them: fonts whose small letters are drawn as capitals,
# so that the page would show other letters than its truth has (Humor Sans, Tomson Talks, Rock
# Salt, Permanent Marker, Because We ...), that lack digits (TypoScript), or that people cannot
# read (femkeklaver, Joscelyn, Isabella). For a single missing character Typst finds another font.


class NoFontsError(RuntimeError):
    """No font family that could be used is installed; the message says what to do."""


def folder() -> str | None:
    """The only folder to take fonts from; None: the system's own and `fonts/`."""
    return os.environ.get("DESSURT_FONTS")


@cache
def library(path: str | None) -> typst.Fonts:
    """All fonts there are, as Typst takes them; `path`: see `folder`.

    Raises:
        NoFontsError: the folder does not exist.
    """
    if path is None:
        return typst.Fonts(font_paths=["fonts"] if os.path.isdir("fonts") else [])
    if not os.path.isdir(path):
        raise NoFontsError(f"There is no folder of fonts {path} (DESSURT_FONTS).")
    return typst.Fonts(include_system_fonts=False, font_paths=[path])


def families(style: str = "print", held_out: bool = False) -> dict[str, int]:
    """Family names that can be found here, with how often to choose each.

    Args:
        style: "print", "mono" or "hand"; where no family for handwriting or code is found, those
            for print serve.
        held_out: those never trained on, for validation.

    Raises:
        NoFontsError: no known family is there.
    """
    return _families(style, held_out, folder())


@cache
def _families(style: str, held_out: bool, path: str | None) -> dict[str, int]:
    wished = {
        "print": dict.fromkeys(HELD_OUT_PRINT, 1) if held_out else PRINT,
        "mono": dict.fromkeys(HELD_OUT_MONO, 1) if held_out else MONO,
        "hand": dict.fromkeys(HELD_OUT_HAND, 1) if held_out else HAND,
    }[style]
    there = set(library(path).families())
    found = {name: weight for name, weight in wished.items() if name in there}
    if not found and style != "print":
        return _families("print", held_out, path)
    if not found and held_out:
        raise NoFontsError(
            "None of the fonts kept for validation is installed: run scripts/fetch_fonts.sh."
        )
    if not found:
        raise NoFontsError(
            "No known font is installed: run scripts/fetch_fonts.sh, or install fonts-liberation2."
        )
    return found
