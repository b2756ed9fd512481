"""Serve the app in this process for a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dessurt.protocol import Instrument
from dessurt_app.asking import Ask
from dessurt_app.training import Training
from dessurt_app.ui import build, launch_options


@contextmanager
def serve(
    model: Instrument | None = None,
    checkpoint: str | Path | None = None,
    lend: Callable[[Ask], Ask] | None = None,
    data: Path | None = None,
    training: Training | None = None,
) -> Iterator[str]:
    """The address of the app, which is closed afterwards; arguments as for `build`."""
    app = build(model, checkpoint, lend, data, training)
    _, address, _ = app.launch(
        server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, **launch_options()
    )
    try:
        yield address
    finally:
        try:
            app.close(verbose=False)
        except RuntimeError:  # Gradio wakes its streams from this thread while their number changes
            app.server.close()
