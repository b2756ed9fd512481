"""How the app is opened: the flags of `python app.py` and `dessurt app`, and what they lead to."""

from __future__ import annotations

import argparse
import importlib.util
import io
import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import gradio as gr
from starlette.middleware import Middleware

from dessurt.data.annotations.store import Store
from dessurt.shipped import ROOT
from dessurt_app import strings
from dessurt_app.ask.asking import Ask
from dessurt_app.canvas.files import ASSETS
from dessurt_app.doors import Doors
from dessurt_app.pile.piles import LIMITS_ALONE, LIMITS_SHARED
from dessurt_app.static_files import PRELOAD, ROUTE, static
from dessurt_app.train.training import Training
from dessurt_app.ui import build

DATA = ROOT / "data" / "mine"
ALONE = ("127.0.0.1", "localhost", "::1")  # addresses that only this machine reaches
EVERYWHERE = ("0.0.0.0", "::")  # not addresses, but all of this machine's
LARGEST_UPLOAD = "64mb"


def main(
    words: Sequence[str] | None = None,
    prog: str | None = None,
    lend: Callable[[Ask], Ask] | None = None,
) -> None:
    """Build the app and serve it until it is interrupted.

    Args:
        words: The words of the command line; by default those of the process.
        prog: The name of the command.
        lend: As `ui.build` takes it.
    """
    arguments = parse_arguments(words, prog)
    _prepare_process(arguments.host)
    training = training_on(arguments.data, arguments.host, arguments.share)
    limits = LIMITS_ALONE if is_alone(arguments.host, arguments.share) else LIMITS_SHARED
    app = build(
        None, arguments.checkpoint, lend, arguments.data, training, arguments.tokenizer, limits
    )
    try:
        _, _, public = app.launch(
            quiet=True,  # what it would say is about its own code
            prevent_thread_lock=True,
            server_name=arguments.host,
            server_port=arguments.port,
            share=arguments.share,
            auth=arguments.auth,
            inbrowser=not (arguments.no_browser or _on_space()),
            **launch_options(arguments.host, arguments.share, arguments.framed_by),
        )
    except OSError as error:
        place = f"{arguments.host}:{arguments.port or 'any port'}"
        sys.exit(f"The app cannot listen on {place}: try another --port, or --host. ({error})")
    print("\n".join(started(arguments, app.server_port, public)))
    app.block_thread()


def parse_arguments(
    words: Sequence[str] | None = None, prog: str | None = None
) -> argparse.Namespace:
    """Read the command line, and add `data`, the folder for answers; arguments as for `main`."""
    parser = _parser(prog)
    arguments = parser.parse_args(words)
    try:
        arguments.data = data_folder(
            arguments.data_dir, arguments.host, arguments.share, arguments.shared_data
        )
    except ValueError as error:
        parser.error(str(error))
    return arguments


def _parser(prog: str | None) -> argparse.ArgumentParser:
    told = f"{strings.TITLE}, {strings.BY}, in the browser."
    parser = argparse.ArgumentParser(prog, description=told)
    host = "0.0.0.0" if _on_space() else ALONE[0]
    parser.add_argument("--host", default=host, help="0.0.0.0 lets other machines in")
    parser.add_argument("--port", type=_port, help="default: the first free one from 7860 on")
    parser.add_argument("--share", action="store_true", help="also open a public link for a while")
    parser.add_argument(
        "--checkpoint", type=_checkpoint, help="a folder, an official .pth, or a hub repository"
    )
    parser.add_argument("--tokenizer", metavar="FOLDER", help="vocabulary of an official .pth")
    parser.add_argument(
        "--auth",
        type=_account,
        nargs="+",
        metavar="USER:PASSWORD",
        help="let only these people in",
    )
    parser.add_argument(
        "--framed-by",
        nargs="+",
        default=[],
        metavar="SITE",
        help="sites whose pages may show the app in a frame, e.g. https://example.org",
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument("--data-dir", help="where answers are saved; default: data/mine")
    parser.add_argument(
        "--shared-data",
        action="store_true",
        help="save answers even if others reach the app: all see and change the same ones",
    )
    return parser


def _checkpoint(text: str) -> str:
    """A file or folder that is there, or what may be the name of a hub repository.

    Whether it can be opened shows later, as that takes seconds: `Loading` tells it on the screen
    and in the terminal.
    """
    if not Path(text).exists() and not re.fullmatch(r"[\w-][\w.-]*/[\w.-]+", text):
        raise argparse.ArgumentTypeError(strings.NO_SUCH_CHECKPOINT.format(path=text))
    return text


def _port(text: str) -> int:
    if not (text.isdecimal() and 0 < int(text) < 2**16):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a number up to 65535")
    return int(text)


def _account(text: str) -> tuple[str, str]:
    """A user and a password from user:password."""
    user, _, password = text.partition(":")
    if not (user and password):
        raise argparse.ArgumentTypeError("give a user and a password as user:password")
    return user, password


def data_folder(named: str | None, host: str, share: bool, shared: bool) -> Path | None:
    """The folder where answers are saved, which everyone who reaches the app sees.

    Args:
        named: The folder that a person has named, if any.
        host: The address on which the app listens.
        share: Whether the app has a public link.
        shared: Whether a person has allowed visitors to share the data.

    Returns:
        None if nothing is saved, since others reach the app.

    Raises:
        ValueError: a folder is named although others reach the app, and that is not allowed.
    """
    if not _on_space() and (shared or (host in ALONE and not share)):
        return Path(named) if named else DATA
    if named:
        raise ValueError(strings.DATA_NOT_SHARED)
    return None


def training_on(data: Path | None, host: str, share: bool) -> Training | None:
    """What learns from saved answers; None where others reach the app.

    Args:
        data: The folder where they are saved, if any.
        host: The address on which the app listens.
        share: Whether the app has a public link.
    """
    return Training(Store(data)) if data and host in ALONE and not share else None


def launch_options(
    host: str = ALONE[0], share: bool = False, framed_by: Sequence[str] = ()
) -> dict[str, Any]:
    """How the app is launched: its look, its limits, and nothing recorded.

    Args:
        host: The address on which the app listens.
        share: Whether the app has a public link.
        framed_by: The sites whose pages may show the app in a frame.
    """
    hosts = ALONE if is_alone(host, share) else None
    ancestors = [*framed_by, *(["https://huggingface.co"] if _on_space() else [])]
    return {
        "app_kwargs": {
            "middleware": [Middleware(Doors, hosts=hosts, ancestors=ancestors)],
            "routes": [ROUTE],
        },
        "theme": gr.themes.Default(
            primary_hue="blue", font=["system-ui", "sans-serif"], font_mono=["monospace"]
        ),
        # Not as css=: Gradio rewrites the rules of that one, and those inside @media wrongly.
        "head": f"<style>{static('app.css')}{static('train/train.css')}</style>{PRELOAD}",
        "allowed_paths": [str(ASSETS)],
        "max_file_size": LARGEST_UPLOAD,
        "show_error": True,  # or else programs would not learn what was wrong with their call
        "run_history": False,
        "footer_links": [],
        # The extra of that name: then /tasks, /answer and /preview are tools for an assistant.
        "mcp_server": importlib.util.find_spec("mcp") is not None,
    }


def started(arguments: argparse.Namespace, port: int, public: str | None) -> list[str]:
    """What a person reads once the app listens: where it is, and who can come in.

    Args:
        arguments: The command line.
        port: The port on which the app listens.
        public: Its public link, if it has one.
    """
    host, here = arguments.host, f"http://{ALONE[0]}:{port}"
    if host in EVERYWHERE:
        lines = [strings.STARTED.format(address=f"http://{_own_address()}:{port}"),
                 strings.STARTED_HERE.format(address=here)]  # fmt: skip
    else:
        place = f"[{host}]" if ":" in host else host
        lines = [strings.STARTED.format(address=f"http://{place}:{port}")]
    if arguments.share:
        lines.append(strings.STARTED_PUBLIC.format(address=public) if public
                     else strings.NO_PUBLIC_LINK)  # fmt: skip
    if host in ALONE and not arguments.share:
        lines.append(strings.LET_OTHERS_IN)
    elif not arguments.auth:
        lines.append(strings.LET_ONLY_SOME_IN)
    return [*lines, strings.HOW_TO_END]


def _own_address() -> str:
    """The address of this computer in its network, or its name where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        try:
            line.connect(("192.0.2.1", 9))  # of no computer (RFC 5737), and nothing is sent
        except OSError:
            return socket.gethostname()
        return str(line.getsockname()[0])


def is_alone(host: str, share: bool) -> bool:
    """Whether nobody but this machine reaches the app.

    Args:
        host: The address on which the app listens.
        share: Whether the app has a public link.
    """
    return host in ALONE and not share and not _on_space()


def _on_space() -> bool:
    """Whether this is a Hugging Face Space."""
    return "SPACE_ID" in os.environ


def _prepare_process(host: str) -> None:
    """Set up the network, the signals and the terminal of this process for an app on `host`."""
    _reach_this_machine_directly(host)
    if _on_space():  # or else all visitors would count as one, its proxy
        os.environ.setdefault("FORWARDED_ALLOW_IPS", "*")
    signal.signal(signal.SIGTERM, _stop)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal may not know all of Gradio's signs; a log wants the address at once.
            stream.reconfigure(errors="replace", line_buffering=True)


def _reach_this_machine_directly(host: str) -> None:
    """Keep a proxy out of the way when Gradio checks whether the app answers."""
    for name in ("NO_PROXY", "no_proxy"):
        known = os.environ.get(name, "")
        os.environ[name] = ",".join(filter(None, [known, "127.0.0.1", "localhost", host]))


def _stop(*_: object) -> NoReturn:
    """End as with Ctrl+C: what the app has written for its visitors is deleted."""
    raise SystemExit(0)
