"""Synthetic pages with the exact place of every character: what the shipped model learns from."""

from dessurt.synth.page import Line, SynthPage, page
from dessurt.synth.text import Writer

__all__ = ["Line", "SynthPage", "Writer", "page"]
