"""Imports into the store that go on whether or not a browser watches.

A browser that was closed or reloaded meanwhile loses nothing: what came of an import is kept for
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
MOST_KEPT = 100  # of those that have ended
MOST_ERRORS = 200  # that an import tells of


class Imports:
    """The imports into a store, each in a thread of its own."""

    def __init__(self, store: Store) -> None:
        """Nothing is imported yet."""
        self._store = store
        self._imports: dict[str, _Import] = {}  # by their keys, the oldest first
        self._lock = threading.Lock()

    def start(self, files: Mapping[str, Path]) -> str:
        """Begin to import files, by their names with their folders.

        Returns:
            the key by which it is known.

        Raises:
            DataError: too many go on at once.
        """
        with self._lock:
            ended = [key for key, each in self._imports.items() if each.came]
            if len(self._imports) - len(ended) >= MOST_AT_ONCE:
                raise DataError(strings.TOO_MANY_IMPORTS)
            for key in ended[:-MOST_KEPT]:
                del self._imports[key]
            key, begun = uuid4().hex, _Import(self._store, files)
            self._imports[key] = begun
        threading.Thread(target=begun.run, name="import", daemon=True).start()
        return key

    def progress(self, key: str) -> dict[str, Any]:
        """How far an import is: `stage`, `done` and `of`, or what `came` of it.

        Raises:
            DataError: nobody knows it any more.
        """
        return self._found(key).told()

    def stop(self, key: str) -> dict[str, Any]:
        """End an import soon, if it is not in the store already; as `progress`."""
        found = self._found(key)
        found.progress.stop()
        return found.told()

    def _found(self, key: str) -> _Import:
        if key not in self._imports:
            raise DataError(strings.IMPORT_UNKNOWN)
        return self._imports[key]


class _Import:
    def __init__(self, store: Store, files: Mapping[str, Path]) -> None:
        self.progress = ImportProgress()
        self.came: dict[str, Any] = {}
        self._store, self._files = store, files

    def told(self) -> dict[str, Any]:
        if self.came:
            return {"came": self.came}
        return {"stage": self.progress.stage, "done": self.progress.done, "of": self.progress.of}

    def run(self) -> None:
        """Each zip file by itself, then all others together."""
        done: list[Imported] = []
        told: dict[str, Any] = {"error": strings.IMPORT_FAILED}  # after a mistake of ours
        try:
            self._add(done)
            told = {}
        except StoppedError:
            told = {"stopped": True}
        except (DataError, OSError) as error:
            told = {"error": str(error)}
        finally:
            self.came = {**_sum(done), **told}

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
    errors = [str(error) for each in done for error in each.errors]
    return {
        "added": sum(each.change.added for each in done),
        "there": sum(each.change.there for each in done),
        "changes": [each.change.number for each in done if each.change.number],
        "errors": errors[:MOST_ERRORS],
        "left_out": len(errors[MOST_ERRORS:]),
    }
