"""The app as tools for an assistant, where the extra `mcp` is installed."""

from __future__ import annotations

import ast
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import httpx
import pytest
from fake_instrument import FakeInstrument
from serving import serve

from dessurt_app import strings
from dessurt_app.canvas.files import load_examples

pytest.importorskip("mcp")

from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult

LETTER = load_examples()[0]


def call(address: str, tool: str, **arguments: Any) -> CallToolResult:
    """What an assistant gets back from a tool."""

    async def session() -> CallToolResult:
        async with (
            streamable_http_client(f"{address}gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as client,
        ):
            await client.initialize()
            return await client.call_tool(tool, arguments)

    with ThreadPoolExecutor(1) as thread:  # Playwright may keep this one's event loop running
        return thread.submit(anyio.run, session).result()


def test_what_programs_can_call_are_tools_too():
    with serve(model=FakeInstrument()) as address:
        tools = httpx.get(f"{address}gradio_api/mcp/schema").json()
    assert [tool["name"] for tool in tools] == ["ask", "preview_input", "list_tasks"]
    assert all(tool["description"] for tool in tools)
    ask = tools[0]["inputSchema"]["properties"]
    assert list(ask) == ["canvas", "task", "text", "show_region", "limit", "checkpoint"]
    assert ask["canvas"]["required"] == ["page"]


def test_an_assistant_asks_a_page():
    fake = FakeInstrument("one two three", 0)
    with serve(model=fake) as address, LETTER.page.open("rb") as file:
        (path,) = httpx.post(f"{address}gradio_api/upload", files={"files": file}).json()
        page = {"path": path, "meta": {"_type": "gradio.FileData"}}
        canvas = {"page": page, "marks": LETTER.marks.to_json()}
        asked = call(address, "ask", canvas=canvas, task="w0>")
        lacking = call(address, "ask", canvas={"page": page}, task="w0>")
    assert not asked.isError
    answer = ast.literal_eval(asked.content[0].text)
    assert (answer["state"], answer["text"]) == ("done", "one two three")
    assert [request.marks for _, request in fake.asked] == [LETTER.marks]
    assert "This task needs a highlight" in lacking.content[0].text


def test_an_assistant_reads_no_file_that_was_not_uploaded(tmp_path):
    """Gradio's client, which passes calls on, would upload any file of this computer."""
    secret = tmp_path / "secret.png"
    secret.write_bytes(LETTER.page.read_bytes())
    fake = FakeInstrument("one two three", 0)
    whole = {"path": str(secret), "meta": {"_type": "gradio.FileData"}}
    with serve(model=fake) as address:
        for page in (whole, {"path": str(secret)}, {"path": "/etc/passwd", **whole}):
            canvas = {"page": page, "marks": LETTER.marks.to_json()}
            arguments = {"canvas": canvas, "task": "w0>"}
            call = {"name": "ask", "arguments": arguments}
            sent = httpx.post(
                f"{address}gradio_api/mcp/",
                json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call},
                headers={"accept": "application/json, text/event-stream"},
            )
            assert (sent.status_code, sent.text) == (403, strings.PAGE_GONE)
    assert fake.asked == []
