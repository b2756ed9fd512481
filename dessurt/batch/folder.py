"""The folder of results: whose it is, where a page's record and the files made of it lie.

    OUT/batch.json                   what was asked, and of which checkpoint
    OUT/records/sub/scan.pdf/3.json  all that is known of the third page of sub/scan.pdf
    OUT/sub/scan.pdf.3.alto.xml      what was wanted, as files lie in what was read
    OUT/report.json, failed.csv      how far the last run came, and what it could not read

A page counts as read once its record is there. So the same command goes on where it was stopped,
and other formats are written later without reading again.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from dessurt.batch.listing import BatchError, Question
from dessurt.whole_files import delete_leftovers, write_whole

VERSION = 1  # of records; a folder with others is not gone on with
RECORDS, QUESTION = "records", "batch.json"
# What the system says of a name or file that it does not take; all else is wrong with the disk.
OF_ONE_FILE = (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.ENOENT, errno.EISDIR)


class Folder:
    """A folder of results."""

    def __init__(self, path: str | Path) -> None:
        """Nothing is written before `claimed`."""
        self.path = Path(os.path.abspath(path))
        self.records = self.path / RECORDS

    def record(self, name: str, page: int) -> Path:
        """Where the record of a page lies, counted from 1."""
        return self.records / name / f"{page}.json"

    def export(self, name: str, suffix: str, page: int | None = None) -> Path:
        """Where a file made of a source lies, or of one of its pages."""
        number = f".{page}" if page is not None else ""
        return self.path / f"{name}{number}{suffix}"

    @contextmanager
    def claimed(
        self, base: Path, checkpoint: str | Path, questions: Sequence[Question]
    ) -> Iterator[Path]:
        """Have the folder for oneself, if it is empty or has answers to the same questions.

        Args:
            base: the folder below which all that is read lies.
            checkpoint: what is asked.
            questions: what is asked of every page.

        Yields:
            The base that names go by: that of the first run, so that they stay the same.

        Raises:
            BatchError: it holds something else, somebody else is using it, or it cannot be written.
        """
        try:
            self._check_empty()
            self.records.mkdir(parents=True, exist_ok=True)
            with ExitStack() as locks:
                self._lock(locks)
                delete_leftovers(self.path)
                yield self._agreed(base, checkpoint, questions)
        except OSError as error:
            raise unwritable(self.path, error) from error

    def worker_lock(self, number: int) -> FileLock:
        """The lock of a worker: whoever goes on after a crash waits until the last page is done."""
        return FileLock(self.records / f".worker-{number}.lock")

    def _lock(self, locks: ExitStack) -> None:
        try:
            locks.enter_context(FileLock(self.records / ".lock", timeout=0))
        except Timeout:
            raise BatchError(
                f"Another run is writing to {self.path}: wait for it, or stop it."
            ) from None
        for path in self.records.glob(".worker-*.lock"):
            with FileLock(path):
                pass

    def _check_empty(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise BatchError(f"{self.path} is a file: name a folder.")
        names = {p.name for p in self.path.iterdir()} if self.path.exists() else set()
        # A run may have been killed before it wrote what it was asked.
        if QUESTION not in names and names - {RECORDS}:
            raise BatchError(
                f"{self.path} is not empty, and was not made by dessurt batch: choose another "
                "folder, or an empty one."
            )

    def _agreed(self, base: Path, checkpoint: str | Path, questions: Sequence[Question]) -> Path:
        """The base of the first run.

        Raises:
            BatchError: that had another question.
        """
        ours = {
            "version": VERSION,
            "checkpoint": identity(checkpoint),
            "questions": json.loads(json.dumps([q.to_json() for q in questions])),
        }
        path = self.path / QUESTION
        # A command with a slip in it has left no answer that could be mixed with others.
        if not path.exists() or next(self.records.rglob("*.json"), None) is None:
            write_whole(path, _json(ours | {"base": str(base)}))
            return base
        theirs = _read(path)
        for key, thing in (
            ("version", "by another version of dessurt"),
            ("checkpoint", "by another checkpoint"),
            ("questions", f"for other questions ({_tasks(theirs)})"),
        ):
            if theirs.get(key) != ours[key]:
                raise BatchError(
                    f"{self.path} was read {thing}: choose another folder with --out, or give the "
                    "same command again."
                )
        first = Path(str(theirs.get("base")))
        if not base.is_relative_to(first):
            raise BatchError(
                f"{self.path} has what was read below {first}, but {base} is not below it: choose "
                "another folder with --out."
            )
        return first


def unwritable(folder: Path, error: OSError) -> BatchError:
    """The sentence for a folder that the system does not write to."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return BatchError(
            f"There is no room left for {folder}: make some and give the same command again; what "
            "was read stays."
        )
    return BatchError(f"Cannot write to {folder} ({error.strerror or error}): choose another.")


def identity(checkpoint: str | Path) -> str:
    """What tells a checkpoint from others: its content, or the name of one on the hub."""
    path = Path(checkpoint)
    if not path.exists():
        return str(checkpoint)
    stamp = hashlib.sha256()
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        if file.suffix in (".json", ".safetensors", ".pth"):
            with file.open("rb") as content:
                stamp.update(hashlib.file_digest(content, "sha256").digest())
    return stamp.hexdigest()


def _read(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise BatchError(f"{path} is damaged: choose another folder with --out.")
    return content


def _tasks(question: Mapping[str, Any]) -> str:
    return ", ".join(str(entry.get("task")) for entry in question.get("questions", ()))


def _json(content: Mapping[str, Any]) -> bytes:
    """Indented; ASCII alone, since names of files need not be text."""
    return json.dumps(content, indent=1).encode()
