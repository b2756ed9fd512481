"""Synthetic pages with the exact place and part of every character: what our models learn from."""

from dessurt.synth.fonts import NoFontsError
from dessurt.synth.page import KINDS, SynthPage, page
from dessurt.synth.text import Writer

__all__ = ["KINDS", "NoFontsError", "SynthPage", "Writer", "page"]
