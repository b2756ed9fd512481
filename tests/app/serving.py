"""The app served for a test: in this process, or as people start it."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dessurt.protocol import Instrument
from dessurt_app.ask.asking import Ask
from dessurt_app.launch import launch_options
from dessurt_app.train.training import Training
from dessurt_app.ui import build

ROOT = Path(__file__).parents[2]
STARTED = re.compile(rb"by Dessurt: +(\S+)")


def _address_of(process: subprocess.Popen) -> str:
    """Where an app that was started as people start it answers, as it tells on its output."""
    told = b""
    while not (started := STARTED.search(told)):
        line = process.stdout.readline()
        assert line, told.decode()
        told += line
    return started[1].decode()


@contextmanager
def started(*words: str, **options: Any) -> Iterator[tuple[subprocess.Popen, str]]:
    """The process of an app that is started as people start it, and its address.

    Args:
        words: further words of the command line.
        options: as for `subprocess.Popen`.
    """
    with subprocess.Popen(
        [sys.executable, "-u", "app.py", "--no-browser", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **options,
    ) as process:
        try:
            yield process, _address_of(process)
        finally:
            process.terminate()
            process.stdout.close()


@contextmanager
def serve(
    model: Instrument | None = None,
    checkpoint: str | Path | None = None,
    lend: Callable[[Ask], Ask] | None = None,
    data: Path | None = None,
    training: Training | None = None,
    uploads: Path | None = None,
    auth: list[tuple[str, str]] | None = None,
) -> Iterator[str]:
    """The address of the app, which is closed afterwards; arguments as for `build` and `launch`.

    Its files are kept in `uploads`, or in a folder of its own: Gradio names them by their content
    and deletes an app's files when its server ends, on a busy computer after the next has started.
    """
    with (
        tempfile.TemporaryDirectory(prefix="dessurt-", ignore_cleanup_errors=True) as own,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("GRADIO_TEMP_DIR", str(uploads or own))
        app = build(model, checkpoint, lend, data, training)
        _, address, _ = app.launch(
            server_name="127.0.0.1",
            prevent_thread_lock=True,
            quiet=True,
            auth=auth,
            **launch_options(),
        )
        try:
            yield address
        finally:
            try:
                app.close(verbose=False)
            except RuntimeError:  # Gradio wakes its streams while their number changes
                app.server.close()
