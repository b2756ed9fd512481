"""Weights: the checkpoints that can be asked, read in the background while a page can be marked.

All visitors share the models, and each chooses one by name. The models used last stay in memory.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path

import dessurt
from dessurt.page import Page
from dessurt.protocol import Card, Events, Instrument, Request, card_of
from dessurt.shipped import CHECKPOINTS, SHIPPED
from dessurt_app import strings

_log = logging.getLogger(__name__)
MOST_IN_MEMORY = 2  # models
HEAD_START = 3.0  # seconds for which the first model leaves the processor to the page


class WeightsError(RuntimeError):
    """There is no model to ask; the message says in one sentence what to do."""


def open_model(
    path: str | Path, device: str = "auto", tokenizer: str | Path | None = None
) -> Instrument:
    """Do the same as `dessurt.open_model`; the first call imports torch, which takes seconds."""
    return dessurt.open_model(path, device, tokenizer)


class Loading:
    """One checkpoint: its card is known at once, its model is read when it is first needed."""

    def __init__(
        self,
        path: str | Path,
        card: Card | None = None,
        outcome: Instrument | WeightsError | None = None,
        used: Callable[[Loading], None] = lambda loading: None,
        tokenizer: str | Path | None = None,
    ) -> None:
        """Name a checkpoint without reading it.

        Args:
            path: Where it is, as for `open_model`; the last part is the checkpoint's name.
            card: What is known about it already.
            outcome: A model that has been read already, or why there is none.
            used: Called whenever the model is needed.
            tokenizer: The vocabulary, as for `open_model`.
        """
        self.path, self.name, self.tokenizer = path, Path(path).name, tokenizer
        self._card, self._used = card or Card(self.name), used
        self._lock = threading.Lock()
        self._model: Future[Instrument] | None = None
        if outcome is not None:
            self._model = Future()
            _settle(self._model, outcome)

    @property
    def outcome(self) -> Instrument | WeightsError | None:
        """The model, or why there is none; None while it has not been read."""
        model = self._model
        if model is None or not model.done():
            return None
        failed = model.exception()
        return failed if isinstance(failed, WeightsError) else model.result()

    @property
    def card(self) -> Card:
        """What is known about it: little, before an official file is read."""
        return getattr(self.outcome, "card", self._card)

    def model(self, timeout: float | None = None) -> Instrument:
        """Wait for the model, which is read now at the latest.

        Args:
            timeout: How many seconds to wait at most; by default until it is there.

        Raises:
            WeightsError: there is no checkpoint, or it could not be read.
            TimeoutError: the time is over and the model is not there.
        """
        self._used(self)
        return self.read().result(timeout)

    def read(self) -> Future[Instrument]:
        """Begin to read the model, unless that has begun before."""
        with self._lock:
            if self._model is None:
                self._model = Future()
                # A daemon: leaving the app does not wait for it.
                threading.Thread(target=self._read, args=(self._model,), daemon=True).start()
            return self._model

    @property
    def on_gpu(self) -> bool:
        """Whether the model is there, on a GPU."""
        return str(getattr(self.outcome, "device", "cpu")).startswith("cuda")

    def on_cpu(self) -> Instrument:
        """The same model in the computer's own memory, for one question that needs more."""
        return open_model(self.path, "cpu", tokenizer=self.tokenizer)

    def forget(self) -> None:
        """Free its memory, unless it is just being read; it is read again when needed."""
        with self._lock:
            if self.outcome is not None:
                self._model = None

    def label(self) -> str:
        """Its state in a few words."""
        outcome = self.outcome
        if outcome is None:
            return strings.MODEL_LOADING.format(name=self.name)
        if isinstance(outcome, WeightsError):
            label = strings.MODEL_FAILED if self.name else strings.MODEL_MISSING
            return label.format(name=self.name)
        device = str(getattr(outcome, "device", "cpu")).split(":")[0].upper()
        return strings.MODEL_READY.format(name=outcome.card.name, device=device)

    def _read(self, model: Future[Instrument]) -> None:
        outcome: Instrument | WeightsError
        try:
            outcome = open_model(self.path, tokenizer=self.tokenizer)
        except dessurt.CheckpointError as error:
            outcome = WeightsError(strings.CHECKPOINT_FAILED.format(reason=error))
            _log.error("%s", outcome)  # in the terminal, too
        except Exception as error:  # else a waiting question would wait for ever
            _log.exception("The checkpoint could not be loaded")
            outcome = WeightsError(strings.CHECKPOINT_FAILED.format(reason=type(error).__name__))
        _settle(model, outcome)


def _settle(model: Future[Instrument], outcome: Instrument | WeightsError) -> None:
    if isinstance(outcome, WeightsError):
        model.set_exception(outcome)
    else:
        model.set_result(outcome)


class Weights:
    """All checkpoints; the first one answers unless another is chosen."""

    def __init__(
        self,
        model: Instrument | None = None,
        path: str | Path | None = None,
        folder: Path | None = None,
        tokenizer: str | Path | None = None,
    ) -> None:
        """Find the checkpoints; each is read when it is needed.

        Args:
            model: A model that has been read already; then there is no other.
            path: The checkpoint that comes first; by default the shipped one.
            folder: The folder with the others; by default checkpoints/.
            tokenizer: The folder with the vocabulary of official files.
        """
        self._lock = threading.Lock()
        loading = partial(Loading, used=self._keep, tokenizer=tokenizer)
        self._recent: list[Loading] = []
        if model is not None:
            first = [Loading(model.card.name, outcome=model, used=self._keep)]
        else:
            first = [loading(path, _card_in(Path(path)))] if path else []
        listed = () if model is not None else _checkpoints_in(folder or CHECKPOINTS)
        others = [loading(path, card) for path, card in listed]
        self._all: dict[str, Loading] = {}
        for checkpoint in first + others:
            self._all.setdefault(checkpoint.name, checkpoint)

    def read_soon(self) -> None:
        """Read the first one in a few seconds, even if nobody needs it until then."""
        if not self._all:
            _log.error("%s", strings.NO_CHECKPOINT)  # on the screen, too
            return
        start = threading.Timer(HEAD_START, self.of(None).read)
        start.daemon = True  # leaving the app does not wait for it
        start.start()

    @property
    def names(self) -> list[str]:
        """The names of all checkpoints, the default one first."""
        return list(self._all)

    def add(self, path: Path) -> None:
        """List one more checkpoint, which was made after the others were found."""
        self._all.setdefault(path.name, Loading(path, _card_in(path), used=self._keep))

    def of(self, name: object) -> Loading:
        """The checkpoint of this name, or the first one if there is none of this name."""
        if not self._all:
            return Loading("", outcome=WeightsError(strings.NO_CHECKPOINT))
        default = next(iter(self._all.values()))
        return self._all.get(name, default) if isinstance(name, str) else default

    def ask(self, name: str, page: Page, request: Request) -> Events:
        """Ask the model of this name as soon as it is there.

        Args:
            name: The name of the checkpoint.
            page: The page to ask about.
            request: The question.

        Raises:
            WeightsError: the checkpoint could not be read.
            RequestError: the question cannot be asked as it stands.
        """
        yield from self.of(name).model().ask(page, request)

    def _keep(self, used: Loading) -> None:
        """Remember that a model is in use, and forget those unused for longest."""
        with self._lock:
            self._recent = [used, *(other for other in self._recent if other is not used)]
            for other in self._recent[MOST_IN_MEMORY:]:
                other.forget()


def _checkpoints_in(folder: Path) -> Iterator[tuple[Path, Card | None]]:
    """Our folders, with their cards, and official files; the shipped one comes first."""
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    for path in sorted(paths, key=lambda path: path.name != SHIPPED.name):
        card = _card_in(path)
        if card or (path.suffix == ".pth" and path.is_file()):
            yield path, card


def _card_in(folder: Path) -> Card | None:
    """The card of a folder; None if the folder is not one of our checkpoints."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8-sig"))
        ours = (folder / "model.safetensors").is_file() and "model" in config
        # What another kind of model needs, only its opener knows.
        complete = ours or config.get("kind", "dessurt") != "dessurt"
        return card_of(config, folder.name) if complete else None
    except (OSError, ValueError, TypeError, AttributeError):
        return None
