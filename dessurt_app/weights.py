"""Weights: the checkpoint, read in the background while the page can already be marked."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future
from pathlib import Path

from dessurt import open_model
from dessurt.checkpoint import CheckpointError
from dessurt.protocol import Instrument
from dessurt_app import strings

_log = logging.getLogger(__name__)
SHIPPED = Path(__file__).parent.parent / "checkpoints" / "dessurt-small"


class WeightsError(RuntimeError):
    """There is no model to ask; the message says in one sentence what to do."""


class Weights:
    """The model, as soon as it is there."""

    def __init__(self, model: Instrument | None = None, path: str | Path | None = None) -> None:
        """Take a ready `model`, or start to read the checkpoint at `path` (default: shipped)."""
        self.path = path or (SHIPPED if (SHIPPED / "config.json").exists() else None)
        self._model: Future[Instrument] = Future()
        if model is not None:
            self._model.set_result(model)
        elif self.path is None:
            self._model.set_exception(WeightsError(strings.NO_CHECKPOINT))
        else:
            # A daemon: leaving the app does not wait for it.
            threading.Thread(target=self._load, name="weights", daemon=True).start()

    def _load(self) -> None:
        try:
            self._model.set_result(open_model(self.path))
        except CheckpointError as error:
            self._model.set_exception(WeightsError(strings.CHECKPOINT_FAILED.format(reason=error)))
        except Exception as error:  # else a waiting question would wait for ever
            _log.exception("The checkpoint could not be loaded")
            self._model.set_exception(
                WeightsError(strings.CHECKPOINT_FAILED.format(reason=type(error).__name__))
            )

    @property
    def ready(self) -> bool:
        """Whether `model` answers at once, with the model or with an error."""
        return self._model.done()

    def model(self, timeout: float | None = None) -> Instrument:
        """Wait for the model.

        Raises:
            WeightsError: there is no checkpoint, or it could not be loaded.
            TimeoutError: it is not there after `timeout` seconds.
        """
        return self._model.result(timeout)

    def label(self) -> str:
        """The state of the model in a few words."""
        if not self.ready:
            return strings.MODEL_LOADING.format(name=Path(str(self.path)).name)
        try:
            model = self.model()
        except WeightsError:
            return strings.MODEL_MISSING
        device = str(getattr(model, "device", "cpu")).split(":")[0].upper()
        return strings.MODEL_READY.format(name=model.card.name, device=device)
