"""Canvas values that nobody draws: strategies for hypothesis, and a folder full of traps."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st
from PIL import Image

from dessurt.page.marks import CHANNELS, KINDS
from dessurt_app.canvas.files import ASSETS

HOSTS = ("example.com", "192.0.2.1", "localhost")
FILE_DATA = {"_type": "gradio.FileData"}


@dataclass(frozen=True)
class Traps:
    """An upload folder with a good page in it, and a page outside that must stay unread."""

    uploads: Path
    good: Path  # 60 x 40
    secret: Path

    @classmethod
    def lay(cls, uploads: Path, outside: Path) -> Traps:
        """Put the files into two folders."""
        good, secret = uploads / "good.png", outside / "secret.png"
        Image.new("L", (60, 40), 200).save(good)
        Image.new("L", (60, 40), 7).save(secret)
        os.symlink(secret, uploads / "link.png")
        os.symlink(outside, uploads / "folder")
        os.symlink(uploads / "loop.png", uploads / "loop.png")
        os.mkfifo(uploads / "pipe.png")
        return cls(uploads, good, secret)

    def paths(self) -> list[str]:
        """Paths that must all be refused."""
        up, secret = self.uploads, self.secret
        return [
            str(secret),
            str(up / "link.png"),
            str(up / "folder" / "secret.png"),
            str(up / "loop.png"),
            str(up / "pipe.png"),
            str(up),
            f"{up}/../{secret.parent.name}/secret.png",
            f"{up}/good.png/../../{secret.parent.name}/secret.png",
            f"{ASSETS}/../README.md",
            f"file://{secret}",
            f"/file={secret}",
            "%2e%2e%2fREADME.md",
            *(f"{scheme}://{host}/page.png" for scheme in ("http", "https") for host in HOSTS),
            "/etc/passwd",
            "/dev/zero",
            "/dev/stdin",
            "/proc/self/environ",
            "~/.bashrc",
            f"{self.good}\0.png",
            "\0",
            "\ud800",
            "../" * 5000,
            "",
        ]


number = (
    st.integers(-10, 100)
    | st.sampled_from([2**31, 2**63, -(2**64), 10**400, 1e308, 1e6, -0.0, True])
    | st.floats()
)
json_value = st.recursive(
    st.none() | st.booleans() | number | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def _mostly(good: st.SearchStrategy) -> st.SearchStrategy:
    """Often something good, so that what lies behind it is reached too."""
    return st.sampled_from([good] * 7 + [json_value]).flatmap(lambda strategy: strategy)


_point = st.tuples(number, number).map(list)
_shape = st.fixed_dictionaries(
    {
        "channel": _mostly(st.sampled_from([*CHANNELS, "x" * 100_000])),
        "kind": _mostly(st.sampled_from([*KINDS, "y" * 100_000])),
        "points": _mostly(st.lists(_point, max_size=5)),
    },
    optional={"radius": _mostly(number)},
)
_marks = st.fixed_dictionaries({"shapes": _mostly(st.lists(_mostly(_shape), max_size=4))})


def paths(traps: Traps) -> st.SearchStrategy:
    """A file as a value names it: as a string, or as Gradio's own object."""
    named = st.sampled_from([str(traps.good), *traps.paths()]) | st.text(max_size=20)
    as_file = st.fixed_dictionaries({"path": named}, optional={"meta": st.just(FILE_DATA)})
    return _mostly(named | as_file)


def canvas_values(traps: Traps) -> st.SearchStrategy:
    """Whatever may arrive in place of a canvas value."""
    good = st.just(str(traps.good))
    return _mostly(
        st.fixed_dictionaries(
            {"page": good | good | paths(traps), "marks": _mostly(_marks | _marks.map(json.dumps))},
            optional={
                "width": _mostly(st.just(60)),
                "height": _mostly(st.just(40)),
                "number": st.just(0) | _mostly(number),
                "picture": paths(traps),
            },
        )
    )
