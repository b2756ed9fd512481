"""A page and what lies on it: its pixels, marks, lines of text, and how it is laid into a model.

Everything here is in page pixels (x right, y down) and needs no torch. `frame` alone converts
between pages and models.
"""

from dessurt.page.marks import Marks, MarksError
from dessurt.page.pixels import LockedError, Page, PageError

__all__ = ["LockedError", "Marks", "MarksError", "Page", "PageError"]
