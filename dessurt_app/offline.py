"""The app calls no other host, whatever a visitor asks for."""

from __future__ import annotations

from typing import NoReturn

import gradio as gr
from gradio import processing_utils

from dessurt_app import strings


def never_fetch() -> None:
    """Make Gradio refuse an address where a file is expected.

    It would fetch one in any input of any endpoint, before our own functions see the value.
    """
    processing_utils.async_ssrf_protected_get = _refuse


async def _refuse(url: str) -> NoReturn:
    raise gr.Error(strings.NO_ADDRESS, print_exception=False)
