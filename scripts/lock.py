"""Writes lock/: what `make` installs, with the hashes of all files of each release.

uv works out what Linux, macOS and Windows need and asks PyPI for the hashes (docs/packages.md).
What this is given is handed on to `uv pip compile`: `--upgrade`, `--upgrade-package pillow`.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "lock"
HEADS = {
    "app": "# What the app needs, but PyTorch.",
    "torch": "# PyTorch, and the GPU libraries that PyPI's build of it wants on Linux.",
    "dev": "# What training, the tests and the checks of the code need besides.\n-r app.txt",
}
BY = "# Written by scripts/lock.py (docs/packages.md); do not edit."


def entries(path: Path) -> dict[str, str]:
    """Each package of a list, with its version, marker, hashes and who needs it."""
    parts = re.split(r"^(?=[a-z0-9])", path.read_text(encoding="utf-8"), flags=re.M)[1:]
    return {part.split("==")[0]: part for part in parts}


def needed_by(entry: str) -> set[str]:
    return set(re.findall(r"^    #(?: via|  ) ([a-z0-9-]+)", entry, re.M))


def compile_list(out: Path, *what: str) -> dict[str, str]:
    """Versions that `out` already tells are kept."""
    subprocess.run(
        [shutil.which("uv") or sys.exit("uv is needed: pip install uv"), "pip", "compile",
         "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes", "--no-header",
         "--no-config", "--default-index", "https://pypi.org/simple", "--output-file", out,
         ROOT / "pyproject.toml", "-", *what],
        # The project itself is built with what is locked here, too.
        input="setuptools>=77", text=True, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return entries(out)


def main() -> None:
    with TemporaryDirectory() as folder:
        whole, part = Path(folder, "whole.txt"), Path(folder, "part.txt")
        old = (path.read_text(encoding="utf-8") for path in sorted(LOCK.glob("*.txt")))
        whole.write_text("\n".join(old).replace("-r app.txt", ""), encoding="utf-8")
        everything = compile_list(whole, "--extra", "train", "--extra", "dev", *sys.argv[1:])
        app = compile_list(part, "--constraint", str(whole)).keys()

    # With PyTorch go those that some systems only need, and for nothing but it or each other.
    torch = {"torch", *(name for name, entry in everything.items() if re.match(r"\S+ ; ", entry))}
    while others := {name for name in torch - {"torch"} if needed_by(everything[name]) - torch}:
        torch -= others
    names = {"torch": torch, "app": app - torch, "dev": everything.keys() - app - torch}
    LOCK.mkdir(exist_ok=True)
    for kind, head in HEADS.items():
        text = "".join(everything[name] for name in sorted(names[kind]))
        (LOCK / f"{kind}.txt").write_text(f"{BY}\n{head}\n{text}", encoding="utf-8", newline="\n")
        print(f"lock/{kind}.txt: {len(names[kind])} packages")


if __name__ == "__main__":
    main()
