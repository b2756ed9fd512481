"""The rules of the house: what may import what, and what a commit may hold."""

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

MOST_FLOORS = 8
MOST_LINES = 400  # of a file: it is read from top to bottom
SHORT, MOST_SHORT = 60, 20  # how many files may have fewer lines: no chains of small ones
MEDIAN, NINE_OF_TEN = 8, 23  # lines of a function, its docstring included
# What must stay so light that the app's page is there before torch is.
WITHOUT_TORCH = ("dessurt.page_files", "dessurt.page", "dessurt.tasks", "dessurt.protocol",
                 "dessurt.truth", "dessurt.transcript")  # fmt: skip
# A room never knows these, however the floors lie.
KEPT_APART = {
    "dessurt.page": {"dessurt.tasks", "dessurt.protocol", "dessurt.truth"},
    "dessurt.truth": {"dessurt.protocol", "dessurt.data"},
    "dessurt.transcript": {"dessurt.model", "dessurt.reader", "dessurt.data"},
    "dessurt.reader": {"dessurt.data", "dessurt.instrument", "dessurt.decode"},
    "dessurt.model": {"dessurt.page", "dessurt.protocol", "dessurt.truth"},
    "dessurt.data": {"dessurt.train", "dessurt.evaluate"},
    "dessurt_app": {"dessurt.model", "dessurt.decode", "dessurt.train", "dessurt.evaluate"},
}

# Blocks gradio as if it were not installed, then imports every module of the core.
IMPORT_WITHOUT_GRADIO = """
import importlib, pkgutil, sys

class NoGradio:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("gradio", "gradio_client", "dessurt_app"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NoGradio())
import dessurt
for module in pkgutil.walk_packages(dessurt.__path__, "dessurt."):
    if not module.name.endswith(".__main__"):
        importlib.import_module(module.name)
        print(module.name)
"""


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


HOUSE = python_files("dessurt", "dessurt_app")


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(path: Path) -> Iterator[str]:
    """Yield every module that a file imports, wherever in the file it does so."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, node.module] if node.module else above)
            for alias in node.names:
                yield f"{base}.{alias.name}" if is_module(f"{base}.{alias.name}") else base


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def room(module: str) -> str:
    """The folder or file of the core that a module is in; the app is one room."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "dessurt" else parts[0]


def rooms() -> dict[str, set[str]]:
    """Which rooms each room imports from: the whole house, drawn from the files themselves."""
    graph: dict[str, set[str]] = {}
    for path in [*HOUSE, ROOT / "app.py"]:
        here = room(module_name(path))
        known = graph.setdefault(here, set())
        for module in imported_modules(path):
            # The public names stand for the rooms that they come from.
            if module.split(".")[0] in ("dessurt", "dessurt_app") and module != "dessurt":
                known.add(room(module))
        known.discard(here)
    return graph


def floors() -> dict[str, int]:
    """The floor of each room, from 1: one above the highest that it imports from."""
    graph, floor = rooms(), dict[str, int]()

    def climb(name: str, way: tuple[str, ...]) -> int:
        assert name not in way, "in a circle: " + " -> ".join([*way, name])
        if name not in floor:
            below = graph.get(name, set())
            floor[name] = 1 + max((climb(each, (*way, name)) for each in below), default=0)
        return floor[name]

    for name in graph:
        climb(name, ())
    return floor


def committed_files() -> list[Path]:
    """Every file that is or would be committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("this copy is not a git checkout")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def public_definitions(node: ast.AST) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """Yield the classes, functions and methods that others may use; not those in functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.ClassDef) and not child.name.startswith("_"):
            yield child
            if isinstance(child, ast.ClassDef):
                yield from public_definitions(child)


def calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield node


def keyword(call: ast.Call, name: str) -> object:
    """The literal value of a keyword argument, or None."""
    for argument in call.keywords:
        if argument.arg == name and isinstance(argument.value, ast.Constant):
            return argument.value.value
    return None


def test_the_core_imports_without_gradio() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_WITHOUT_GRADIO], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    modules = {module_name(path) for path in python_files("dessurt") if path.stem != "__main__"}
    assert {"dessurt", *done.stdout.split()} == modules


def test_the_house_has_few_floors_and_imports_go_down_only() -> None:
    graph, floor = rooms(), floors()
    for name in sorted(floor, key=lambda name: (-floor[name], name)):
        print(floor[name], name, "->", *sorted(graph.get(name, ())))
    assert max(floor.values()) <= MOST_FLOORS
    wrong = {name: graph[name] & apart for name, apart in KEPT_APART.items() if graph[name] & apart}
    assert not wrong
    assert not any("dessurt_app" in graph[name] for name in graph if name.startswith("dessurt."))


def test_the_lower_rooms_never_bring_torch() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {target}"
        for path in python_files("dessurt")
        if room(module_name(path)) in WITHOUT_TORCH
        for target in imported_modules(path)
        if target.split(".")[0] in ("torch", "torchvision")
    ]
    assert not wrong, "\n".join(wrong)


def test_no_module_of_the_core_imports_itself_in_a_circle() -> None:
    graph = {
        module_name(path): {name for name in imported_modules(path) if name.startswith("dessurt.")}
        for path in python_files("dessurt")
    }
    order: list[str] = []

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join([*way, name])
        if name not in order:
            for target in graph.get(name, set()) - {name}:
                visit(target, (*way, name))
            order.append(name)

    for name in graph:
        visit(name, ())


def test_no_file_is_too_long_to_be_read() -> None:
    scripts = (ROOT / "dessurt_app").rglob("*.js")
    long = [f"{path.relative_to(ROOT)}: {lines}" for path in [*HOUSE, *scripts]
            if (lines := lines_of(path)) > MOST_LINES]  # fmt: skip
    assert not long, "\n".join(long)


def test_few_files_are_so_short_that_they_only_make_a_chain_longer() -> None:
    # A package's __init__ and __main__ are doors, not files to be read. Blank lines count.
    doors = ("__init__.py", "__main__.py")
    short = [f"{path.relative_to(ROOT)}: {lines}" for path in HOUSE
             if path.name not in doors and (lines := lines_of(path)) < SHORT]  # fmt: skip
    assert len(short) <= MOST_SHORT, "\n".join([f"{len(short)} files:", *short])


def test_functions_are_short() -> None:
    every = [node for path in HOUSE for node in functions(path)]
    lengths = [(node.end_lineno or 0) - node.lineno + 1 for node in every]
    ninth = sorted(lengths)[9 * len(lengths) // 10]
    print(f"{len(lengths)} functions: median {statistics.median(lengths):g} lines, 90th percentile "
          f"{ninth}, longest {max(lengths)}")  # fmt: skip
    assert statistics.median(lengths) <= MEDIAN
    assert ninth <= NINE_OF_TEN, f"{sum(each > NINE_OF_TEN for each in lengths)} are longer"


def is_typed(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    given = node.args
    names = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    bare = {name.arg for name in names if name and name.annotation is None}
    return node.returns is not None and bare <= {"self", "cls"}


def test_every_function_is_typed() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.name}"
        for path in HOUSE for node in functions(path) if not is_typed(node)
    ]  # fmt: skip
    assert not wrong, "\n".join(wrong)


def test_everything_public_is_documented() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"
        for path in HOUSE
        for node in [tree(path), *public_definitions(tree(path))]
        if not ast.get_docstring(node)
    ]
    assert not wrong, "\n".join(wrong)


def test_no_committed_text_names_a_machine() -> None:
    machine_path = re.compile(r"(?<![\w.])/(work|opt|root|home)/")
    wrong = []
    for path in committed_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or weights
        for number, line in enumerate(text.splitlines(), 1):
            if machine_path.search(line) and path != Path(__file__).resolve():
                wrong.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert not wrong, "\n".join(wrong)


def test_weights_are_never_unpickled_freely() -> None:
    wrong = []
    for path in (path for path in committed_files() if path.suffix == ".py"):
        for call in calls(path):
            name = ast.unparse(call.func)
            if (
                name == "torch.load" and keyword(call, "weights_only") is not True
                or name in ("pickle.load", "pickle.loads")
                or keyword(call, "allow_pickle") is True
            ):  # fmt: skip
                wrong.append(f"{path.relative_to(ROOT)}:{call.lineno}: {name}")
    assert not wrong, "\n".join(wrong)


def test_text_files_are_utf_8_whatever_the_computer_takes_for_usual() -> None:
    wrong = []
    for path in [*HOUSE, ROOT / "app.py"]:
        for call in calls(path):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            place = {"read_text": 0, "write_text": 1}.get(name)
            named = any(argument.arg == "encoding" for argument in call.keywords)
            if place is not None and len(call.args) <= place and not named:
                wrong.append(f"{path.relative_to(ROOT)}:{call.lineno}: {name}")
    assert not wrong, "\n".join(wrong)
