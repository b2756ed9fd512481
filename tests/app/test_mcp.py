"""The app as tools for an assistant, where the extra `mcp` is installed."""

from __future__ import annotations

import httpx
import pytest
from fake_instrument import FakeInstrument
from serving import serve

pytest.importorskip("mcp")


def test_what_programs_can_call_are_tools_too():
    with serve(model=FakeInstrument()) as address:
        tools = httpx.get(f"{address}gradio_api/mcp/schema").json()
    assert [tool["name"] for tool in tools] == ["ask", "preview_input", "list_tasks"]
    assert all(tool["description"] for tool in tools)
    ask = tools[0]["inputSchema"]["properties"]
    assert list(ask) == ["canvas", "task", "text", "show_region", "limit", "checkpoint"]
    assert ask["canvas"]["required"] == ["page"]
