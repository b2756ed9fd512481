"""The report: how far a run is, and what it could not read."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from dessurt.batch.folder import Folder
from dessurt.batch.plan import Plan
from dessurt.batch.reading import Record
from dessurt.whole_files import write_whole

EVERY = 10.0  # seconds between two reports


@dataclass
class Totals:
    """How far a run is.

    Attributes:
        files: how many there are.
        skipped: what was passed over in folders, by kind.
        pages: how many pages there will be, as far as is known; files that were not looked into
            yet count as the others do on average.
        read: pages that this run has read.
        before: pages that were read by an earlier run.
        failed: pages, or files of which not even the pages could be counted, that were not read.
        state: "running", "done" or "stopped".
        begun: when reading began, on the clock of `time.monotonic`.
    """

    files: int
    skipped: Mapping[str, int]
    pages: int = 0
    read: int = 0
    before: int = 0
    failed: int = 0
    state: str = "running"
    begun: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Since reading began."""
        return time.monotonic() - self.begun

    @property
    def pages_a_minute(self) -> float:
        """How many pages this run reads, those that fail included."""
        return 60 * (self.read + self.failed) / max(self.seconds, 1e-3)

    @property
    def seconds_left(self) -> float | None:
        """About how long it will take; None: nobody knows yet."""
        left = self.pages - self.read - self.before - self.failed
        return 60 * left / self.pages_a_minute if self.read else None

    def to_json(self) -> bytes:
        """All of it for programs."""
        entries = {
            "state": self.state,
            "files": self.files,
            "pages": self.read + self.before,
            "read_now": self.read,
            "read_before": self.before,
            "failed": self.failed,
            "skipped": self.skipped,
            "seconds": round(self.seconds, 1),
            "pages_a_minute": round(self.pages_a_minute, 2),
        }
        return json.dumps(entries, indent=1).encode()

    def count(self, record: Record) -> None:
        """Take in one more page."""
        if record.error:
            self.failed += 1
        elif record.before:
            self.before += 1
            if not (self.read or self.failed):
                self.begun = time.monotonic()  # to look up what was read says nothing of the pace
        else:
            self.read += 1


class Report:
    """What a run leaves besides what it has read: `report.json`, and `failed.csv` with reasons."""

    def __init__(self, folder: Folder, plan: Plan) -> None:
        """Begin both anew."""
        listing = plan.listing
        self.totals = Totals(len(listing.sources), dict(listing.skipped))
        self.folder, self.plan = folder, plan
        self._failures = folder.path / "failed.csv"
        self._failures.write_bytes(b"")
        self._append("file", "page", "reason")
        self._written = 0.0

    def take(self, record: Record) -> None:
        """Count a page, and write the report if the last one is old."""
        self.totals.count(record)
        self.totals.pages = self._expected()
        if record.error:
            self._append(record.file, record.page or "", record.error)
        if time.monotonic() - self._written > EVERY:
            self.write()

    def write(self, state: str = "running") -> None:
        """Write how far the run is."""
        self.totals.state = state
        write_whole(self.folder.path / "report.json", self.totals.to_json())
        self._written = time.monotonic()

    def _append(self, *row: object) -> None:
        with self._failures.open("a", encoding="utf-8", errors="backslashreplace", newline="") as f:
            csv.writer(f).writerow(row)

    def _expected(self) -> int:
        """How many pages there will be, if files not looked into yet are as the others."""
        plan, totals = self.plan, self.totals
        unseen = totals.files - plan.planned_files
        seen = max(plan.planned_pages, totals.read + totals.before + totals.failed)
        return seen + round(unseen * seen / max(plan.planned_files, 1))
