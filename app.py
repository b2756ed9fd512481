"""Open the app: `python app.py`, or on a Hugging Face Space, which runs this file too."""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys

try:
    import spaces  # on a Space that lends its GPU; it has to come before torch
except ImportError:
    spaces = None

from dessurt_app.ui import build, data_folder, launch_options, training_on

ON_SPACE = "SPACE_ID" in os.environ


def account(text: str) -> tuple[str, str]:
    """As of `dessurt.cli`, which brings torch: without accounts, the page comes before that."""
    from dessurt.cli import account

    return account(text)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Ask a page: open Dessurt in the browser.")
    parser.add_argument("--host", default="0.0.0.0" if ON_SPACE else "127.0.0.1")
    parser.add_argument("--port", type=int, help="default: the first free one from 7860 on")
    parser.add_argument("--share", action="store_true", help="also open a public link for a while")
    parser.add_argument("--checkpoint", help="a folder, an official .pth, or a hub repository")
    parser.add_argument("--tokenizer", metavar="FOLDER", help="vocabulary of an official .pth")
    parser.add_argument(
        "--auth",
        type=account,
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
    given = parser.parse_args()
    try:
        given.data = data_folder(given.data_dir, given.host, given.share, given.shared_data)
    except ValueError as error:
        parser.error(str(error))
    return given


def reach_this_machine_directly(host: str) -> None:
    """Gradio looks whether the app answers; a proxy for the way out knows nothing of that."""
    for name in ("NO_PROXY", "no_proxy"):
        known = os.environ.get(name, "")
        os.environ[name] = ",".join(filter(None, [known, "127.0.0.1", "localhost", host]))


def stop(*_: object) -> None:
    """As Ctrl+C does: what the app has written for its visitors goes with it."""
    raise SystemExit(0)


def main() -> None:
    """Build the app and serve it until it is interrupted."""
    arguments = parse_arguments()
    reach_this_machine_directly(arguments.host)
    if ON_SPACE:  # or else all visitors would count as one, its proxy
        os.environ.setdefault("FORWARDED_ALLOW_IPS", "*")
    signal.signal(signal.SIGTERM, stop)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal may not know all of Gradio's signs; a log wants the address at once.
            stream.reconfigure(errors="replace", line_buffering=True)
    lend = spaces and spaces.GPU
    training = training_on(arguments.data, arguments.host, arguments.share)
    app = build(
        None, arguments.checkpoint, lend, arguments.data, training, arguments.tokenizer
    )
    app.launch(
        server_name=arguments.host,
        server_port=arguments.port,
        share=arguments.share,
        auth=arguments.auth,
        inbrowser=not (arguments.no_browser or ON_SPACE),
        **launch_options(arguments.host, arguments.share, arguments.framed_by),
    )


if __name__ == "__main__":
    main()
