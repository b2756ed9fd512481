"""Doors: every request from outside is checked before the app sees it.

A middleware in front of every route, as ASGI (asgi.readthedocs.io) defines it. It refuses requests
that another site makes a visitor's browser send, bodies that are too large, foreign host names, and
passwords that come too fast. It keeps uploads within a quota, and tells browsers what the page may
do.
"""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gradio.utils import get_upload_folder
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

from dessurt_app import strings
from dessurt_app.ask.listeners import listeners
from dessurt_app.canvas.files import CanvasError, served_file

LONGEST_BODY = 8 * 2**20  # bytes
MOST_LISTS = 120_000  # lists and objects in it; marks may have a list for each of their points
MOST_VALUES = 600_000  # in all of these together: reading more would keep everybody waiting
LONGEST_UPLOAD = 80 * 2**20  # of a request with files, each of which Gradio limits to 64 MB
# Bytes that are kept of one address where there are others; then its oldest files go.
UPLOADS_OF_ONE = 500 * 2**20
UPLOADS_OF_ALL = 4 * 2**30  # bytes
LONGEST_WAIT = 60.0  # seconds, after many wrong passwords
MOST_ADDRESSES = 10_000  # that are remembered

# The paths that need no login: the page to log in, what it consists of, and the one by which Gradio
# finds out whether it has started.
_OPEN_PATHS = (
    "/", "/login", "/theme.css", "/favicon.ico", "/manifest.json", "/gradio_api/startup-events",
)  # fmt: skip
_OPEN_FOLDERS = ("/assets/", "/static/")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# Gradio's page has its configuration in a script, compiles handlers, and styles elements in place.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "media-src 'self' blob:; connect-src 'self' blob:; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors {ancestors}"
)


class Doors:
    """The middleware; one for each app."""

    def __init__(
        self,
        app: Callable[[Scope, Receive, Send], Awaitable[None]],
        hosts: Sequence[str] | None = None,
        ancestors: Sequence[str] = (),
    ) -> None:
        """Stand in front of an app.

        Args:
            app: The app behind the doors.
            hosts: The host names under which the app answers, without ports; None: any. The page of
                another site can have its own name lead to this machine (DNS rebinding).
            ancestors: The sites whose pages may show the app in a frame, e.g.
                "https://huggingface.co".
        """
        self._app = app
        self._hosts = None if hosts is None else frozenset(hosts)
        self._headers = {
            "content-security-policy": _POLICY.format(ancestors=" ".join(("'self'", *ancestors))),
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin",
        }
        if not ancestors:
            self._headers["x-frame-options"] = "SAMEORIGIN"
        self._uploads = Uploads(UPLOADS_OF_ONE if hosts is None else UPLOADS_OF_ALL)
        self._guesses = Guesses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it on."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        send = self._with_headers(send)
        if refusal := self._refusal(scope, headers):
            return await refusal(scope, receive, send)
        if scope["method"] == "POST":
            return await self._post(headers, scope, receive, send)
        with listeners.listening(scope):
            return await self._app(scope, receive, send)

    async def _post(self, headers: Headers, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a POST request on, within the limits for uploads, passwords and other bodies."""
        path, visitor = _path(scope).rstrip("/"), (scope.get("client") or ("",))[0]
        if path.endswith("/upload"):
            send = self._uploads.watching(visitor, send)
            return await self._limited(LONGEST_UPLOAD, headers, scope, receive, send)
        if path.endswith("/login"):
            if wait := self._guesses.wait(visitor):
                sentence = strings.WRONG_PASSWORDS.format(seconds=wait)
                response = PlainTextResponse(sentence, 429, {"retry-after": f"{wait:.0f}"})
                return await response(scope, receive, send)
            send = self._guesses.watching(visitor, send)
        if whole := await self._whole(headers, scope, receive, send):
            with listeners.listening(scope):
                return await self._app(scope, whole, send)

    def _refusal(self, scope: Scope, headers: Headers) -> PlainTextResponse | None:
        """The answer to a request that is not let in."""
        if scope["type"] != "http":
            return PlainTextResponse(strings.NO_WEBSOCKETS, 403)
        if "\0" in scope["path"]:
            return PlainTextResponse(strings.NO_SUCH_ADDRESS, 400)
        if self._hosts is not None and _name(headers.get("host", "")) not in self._hosts:
            return PlainTextResponse(strings.OWN_MACHINE_ONLY, 403)
        if _is_foreign(scope["method"], headers):
            return PlainTextResponse(strings.FOREIGN, 403)
        path = _path(scope).rstrip("/") or "/"
        is_open = path in _OPEN_PATHS or path.startswith(_OPEN_FOLDERS)
        if not is_open and _is_locked(scope["app"], headers):
            return PlainTextResponse(strings.LOG_IN, 401)
        return None

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
            await send(message)

        return sending

    async def _whole(
        self, headers: Headers, scope: Scope, receive: Receive, send: Send
    ) -> Receive | None:
        """Take in the whole body of a request, to be passed on; None if it was refused.

        The body is parsed as JSON where everybody waits for that, and functions look through all
        its values: many small ones take longer than a few large ones.
        """
        body = bytearray()
        status, refusal = 413, _too_long(headers, LONGEST_BODY)
        if not refusal:
            if (received := await _body_of(receive)) is None:
                return None
            body = received
            refusal = _at_most(LONGEST_BODY) if len(body) > LONGEST_BODY else _too_much(body)
        if not refusal and "/mcp" in scope["path"]:
            status, refusal = 403, _not_served(body)
        if refusal:
            await PlainTextResponse(refusal, status)(scope, receive, send)
            return None
        return _replayed(bytes(body), receive)

    async def _limited(
        self, most: int, headers: Headers, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Pass a request on, with at most so many bytes of its body."""
        if sentence := _too_long(headers, most):
            return await PlainTextResponse(sentence, 413)(scope, receive, send)
        size, begun, refused = 0, False, False

        async def receiving() -> Message:
            nonlocal size, refused
            message = await receive()
            size += len(message.get("body", b""))
            if size > most and not refused:
                refused = True
                if not begun:
                    await PlainTextResponse(_at_most(most), 413)(scope, receive, send)
            return {"type": "http.disconnect"} if refused else message

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            if not refused:
                await send(message)

        await self._app(scope, receiving, sending)


async def _body_of(receive: Receive) -> bytearray | None:
    """The body of a request, up to what is too long; None if the sender has gone."""
    body, more = bytearray(), True
    while more and len(body) <= LONGEST_BODY:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body.extend(message.get("body", b""))
        more = message.get("more_body", False)
    return body


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Receives a body that was taken in before, and then whatever follows."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Message:
        return messages.pop() if messages else await receive()

    return receiving


def _name(host: str) -> str:
    """The name of a host, without its port."""
    try:
        return urlsplit(f"//{host}").hostname or "" if "@" not in host else ""
    except ValueError:  # half an IPv6 address
        return ""


def _is_foreign(method: str, headers: Headers) -> bool:
    """Whether a page of another site sent this request; following a link to the app is allowed."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if method in ("GET", "HEAD") and headers.get("sec-fetch-mode") == "navigate":
        return False
    if site is not None:  # recent browsers say so, and no script can change it
        return site not in ("same-origin", "none")
    if origin is None:  # no browser
        return False
    own = {headers.get("host"), headers.get("x-forwarded-host")}
    return origin.partition("://")[2] not in own


def _path(scope: Scope) -> str:
    """The path of a request below the address of the app."""
    return str(scope["path"]).removeprefix(scope.get("root_path", ""))


def _at_most(most: int) -> str:
    return strings.BODY_TOO_LONG.format(megabytes=most // 2**20)


def _too_long(headers: Headers, most: int) -> str:
    """A sentence if the headers say that the body is too long, else nothing."""
    length = headers.get("content-length", "0")
    return "" if length.isdigit() and int(length) <= most else _at_most(most)


def _too_much(body: bytearray) -> str:
    """A sentence if a body has too many values to be read, else nothing."""
    if body.count(b"[") + body.count(b"{") > MOST_LISTS or body.count(b",") > MOST_VALUES:
        return strings.BODY_TOO_MUCH
    return ""


def _not_served(body: bytearray) -> str:
    """A sentence if the call of a tool names a file that is not served, else nothing.

    Gradio's own client, which passes the call on inside this process, would upload any file of this
    computer that the call names.
    """
    try:
        rest = [json.loads(body)]
    except (ValueError, RecursionError):
        return ""  # it calls nothing
    while rest:
        value = rest.pop()
        if isinstance(value, dict) and "path" in value:
            try:
                served_file(value["path"])
            except CanvasError as error:
                return str(error)
        if isinstance(value, dict | list):
            rest += value.values() if isinstance(value, dict) else value
    return ""


def _is_locked(app: Any, headers: Headers) -> bool:
    """Whether a login is needed and missing."""
    if getattr(app, "auth", None) is None:
        return False
    cookies = (part.strip().partition("=") for part in headers.get("cookie", "").split(";"))
    names = {f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}"}
    return not any(name in names and value in app.tokens for name, _, value in cookies)


class Guesses:
    """Counts wrong passwords: after each, the wait until the next try is twice as long."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()  # how many; until when

    def wait(self, visitor: str) -> float:
        """How many seconds a visitor has to wait."""
        _, until = self._wrong.get(visitor, (0, 0.0))
        return max(0.0, until - time.monotonic())

    def watching(self, visitor: str, send: Send) -> Send:
        """Count a guess as wrong, until its answer, which is watched, says otherwise.

        So guesses that come at the same time are no faster than one after the other.
        """
        wrong, _ = self._wrong.pop(visitor, (0, 0.0))
        wait = min(LONGEST_WAIT, 2.0 ** (wrong - 2)) if wrong >= 2 else 0.0
        self._wrong[visitor] = wrong + 1, time.monotonic() + wait
        while len(self._wrong) > MOST_ADDRESSES:
            self._wrong.popitem(last=False)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] != 400:
                self._wrong.pop(visitor, None)
            await send(message)

        return sending


class Uploads:
    """Keeps uploaded files within quotas, for each visitor and for all; the oldest go first."""

    def __init__(self, of_one: int = UPLOADS_OF_ONE) -> None:
        """Keep nothing yet, and `of_one` bytes of each visitor at most."""
        self._of_one = of_one
        self._files: OrderedDict[Path, tuple[str, int]] = OrderedDict()  # whose; how many bytes
        self._lock = threading.Lock()

    def watching(self, visitor: str, send: Send) -> Send:
        """Watch the answer to an upload for the files that there are now."""
        status, body = 0, bytearray()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                body.extend(message.get("body", b""))
                if status == 200 and not message.get("more_body"):
                    self._add(visitor, bytes(body))
            await send(message)

        return sending

    def _add(self, visitor: str, answer: bytes) -> None:
        try:
            files = [Path(path) for path in json.loads(answer)]
        except (ValueError, TypeError):
            return
        with self._lock:
            for file in files:
                self._files.pop(file, None)
                if file.is_file():
                    self._files[file] = visitor, file.stat().st_size
            own = [(file, size) for file, (owner, size) in self._files.items() if owner == visitor]
            self._drop(own, self._of_one)
            self._drop([(file, size) for file, (_, size) in self._files.items()], UPLOADS_OF_ALL)

    def _drop(self, files: list[tuple[Path, int]], most: int) -> None:
        """Delete files, the first ones first, until the rest have at most so many bytes."""
        total = sum(size for _, size in files)
        folder = Path(get_upload_folder()).resolve()
        for file, size in files[:-1]:  # the newest stays
            if total <= most:
                break
            total -= size
            del self._files[file]
            if file.resolve().is_relative_to(folder):
                shutil.rmtree(file.parent, ignore_errors=True)  # named by what is in it
