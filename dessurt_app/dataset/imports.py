"""Imports into the store, which go on whether or not a browser watches.

A browser that is closed or reloaded meanwhile loses nothing: the result of an import is kept for
whoever knows its key.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from dessurt.data.annotations.exchange import (
    Imported,
    ImportProgress,
    StoppedError,
    import_files,
    import_zip,
)
from dessurt.data.annotations.store import Store
from dessurt.data.records import DataError
from dessurt_app import strings

MOST_AT_ONCE = 8
MOST_ENDED = 100  # of which the results are kept
MOST_ERRORS = 200  # that an import lists


class Imports:
    """The imports into a store, each in a thread of its own."""

    def __init__(self, store: Store) -> None:
        """Begin with no import."""
        self._store = store
        self._imports: dict[str, _Import] = {}  # by their keys, the oldest first
        self._lock = threading.Lock()

    def start(self, files: Mapping[str, Path]) -> str:
        """Begin to import files.

        Args:
            files: The files, by their names with their folders.

        Returns:
            The key by which the import is known.

        Raises:
            DataError: too many imports are running.
        """
        with self._lock:
            ended = [key for key, running in self._imports.items() if running.came]
            if len(self._imports) - len(ended) >= MOST_AT_ONCE:
                raise DataError(strings.TOO_MANY_IMPORTS)
            for key in ended[:-MOST_ENDED]:
                del self._imports[key]
            key, begun = uuid4().hex, _Import(self._store, files)
            self._imports[key] = begun
        threading.Thread(target=begun.run, name="import", daemon=True).start()
        return key

    def progress(self, key: str) -> dict[str, Any]:
        """How far an import is: `stage`, `done` and `of`, or what `came` of it.

        Raises:
            DataError: the import is not known any more.
        """
        return self._import(key).state()

    def stop(self, key: str) -> dict[str, Any]:
        """Stop an import soon, unless it is in the store already; as `progress`."""
        stopped = self._import(key)
        stopped.progress.stop()
        return stopped.state()

    def _import(self, key: str) -> _Import:
        if key not in self._imports:
            raise DataError(strings.IMPORT_UNKNOWN)
        return self._imports[key]


class _Import:
    def __init__(self, store: Store, files: Mapping[str, Path]) -> None:
        self.progress = ImportProgress()
        self.came: dict[str, Any] = {}
        self._store, self._files = store, files

    def state(self) -> dict[str, Any]:
        if self.came:
            return {"came": self.came}
        return {"stage": self.progress.stage, "done": self.progress.done, "of": self.progress.of}

    def run(self) -> None:
        """Import each zip file by itself, then all other files together."""
        done: list[Imported] = []
        ending: dict[str, Any] = {"error": strings.IMPORT_FAILED}  # after an error of ours
        try:
            self._add(done)
            ending = {}
        except StoppedError:
            ending = {"stopped": True}
        except (DataError, OSError) as error:
            ending = {"error": str(error)}
        finally:
            self.came = {**_sum(done), **ending}

    def _add(self, done: list[Imported]) -> None:
        others: dict[str, Callable[[], IO[bytes]]] = {}
        for name, path in self._files.items():
            if name.lower().endswith(".zip"):
                done.append(import_zip(self._store, path, self.progress))
            else:
                others[name] = partial(io.FileIO, path)
        if others:
            done.append(import_files(self._store, others, self.progress))


def _sum(done: list[Imported]) -> dict[str, Any]:
    errors = [str(error) for part in done for error in part.errors]
    return {
        "added": sum(part.change.added for part in done),
        "there": sum(part.change.there for part in done),
        "changes": [part.change.number for part in done if part.change.number],
        "errors": errors[:MOST_ERRORS],
        "left_out": len(errors[MOST_ERRORS:]),
    }
