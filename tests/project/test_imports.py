"""The order of the rooms: a module imports only from its own room and from rooms above it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.helpers import ROOT

PACKAGE = "hybridml"

ROOMS = (
    "errors",
    "utils",
    "entities",
    "quantity",
    "datasets",
    "vision",
    "candidates",
    "ranking",
    "store",
    "prediction",
    "evaluation",
    "estimator",
    "artifact",
    "report",
    "cli",
)
"""Rooms from the ground up. The package itself hands names on lazily, and anyone may ask it for its version."""

HEAVY = {
    "torch",
    "torchvision",
    "aiohttp",
    "PIL",
    "cv2",
    "onnxruntime",
    "rapidocr",
    "matplotlib",
    "jinja2",
    "distributed",
}
"""Packages that are heavy or come with an extra: modules that subclass what is theirs import them at the top."""

FACES = ("__init__", "__main__")


class Import(NamedTuple):
    """An import of a module of the package: where it stands, what it imports, and whether in a function."""

    path: str
    line: int
    module: str
    names: tuple[str, ...]
    in_function: bool

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: imports {self.module}"


def room_of(module: str) -> str:
    """Return the room of a module, blank for the package itself.

    >>> room_of("hybridml.vision.ocr"), room_of("hybridml")
    ('vision', '')
    """
    return module.split(".")[1] if "." in module else ""


def resolved(node: ast.ImportFrom, path: Path) -> str:
    """Return the absolute name of the module that an import statement names."""
    if not node.level:
        return node.module or ""
    package = path.with_suffix("").parts[: -node.level]
    return ".".join((*package, *((node.module or "").split(".") if node.module else ())))


def imports_of(path: Path, source: str) -> Iterator[Import]:
    """Yield the imports of the package's own modules, those in functions and under TYPE_CHECKING among them."""
    tree = ast.parse(source)
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    inner = {id(node) for function in functions for node in ast.walk(function)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module, names = resolved(node, path), tuple(each.name for each in node.names)
            if module.split(".")[0] == PACKAGE:
                if module == PACKAGE:
                    for name in names:
                        yield Import(str(path), node.lineno, f"{module}.{name}", (), id(node) in inner)
                else:
                    yield Import(str(path), node.lineno, module, names, id(node) in inner)
        elif isinstance(node, ast.Import):
            for each in node.names:
                if each.name.split(".")[0] == PACKAGE:
                    yield Import(str(path), node.lineno, each.name, (), id(node) in inner)


def modules() -> list[Path]:
    """Return the modules of the package, as paths below the root of the repository."""
    return sorted(path.relative_to(ROOT) for path in (ROOT / PACKAGE).rglob("*.py"))


def own_imports() -> list[Import]:
    """Return every import of the package's modules by each other."""
    return [each for path in modules() for each in imports_of(path, (ROOT / path).read_text("utf-8"))]


def room_of_path(path: str) -> str:
    """Return the room of a module's path, blank for the faces of the package."""
    name = Path(path).with_suffix("").parts[1]
    return "" if name in FACES else name


def against_the_order(found: list[Import]) -> list[str]:
    """Return the imports that go from a room to one below it."""
    wrong = []
    for each in found:
        own, other = room_of_path(each.path), room_of(each.module)
        if own and other in ROOMS and ROOMS.index(other) > ROOMS.index(own):
            wrong.append(f"{each}: {own} may import only from rooms above it, and {other} is below")
    return wrong


def test_every_module_is_in_a_room() -> None:
    rooms = {room_of_path(str(path)) for path in modules()} - {""}
    assert rooms <= set(ROOMS)


def test_a_module_imports_only_from_rooms_above_its_own() -> None:
    found = own_imports()
    assert len(found) > 500  # the search itself works
    wrong = against_the_order(found)
    assert not wrong, "\n".join(wrong)


@cache
def needs_a_heavy_package(module: str) -> bool:
    """Return whether importing a module imports a heavy package, itself or through others of its room."""
    path = ROOT / Path(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not path.is_file():
        return False
    own = path.relative_to(ROOT)
    for node in ast.parse(path.read_text("utf-8")).body:
        names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
        names += [resolved(node, own)] if isinstance(node, ast.ImportFrom) else []
        if isinstance(node, ast.ImportFrom) and node.level:
            names += [f"{names[-1]}.{each.name}" for each in node.names]
        near = [name for name in names if name.startswith(PACKAGE) and room_of(name) == room_of(module)]
        if HEAVY & {name.split(".")[0] for name in names} or any(map(needs_a_heavy_package, near)):
            return True
    return False


def test_functions_import_only_what_is_heavy() -> None:
    found = [each for each in own_imports() if each.in_function and room_of_path(each.path)]
    targets = {each: {each.module, *(f"{each.module}.{name}" for name in each.names)} for each in found}
    wrong = [str(each) for each in found if not any(map(needs_a_heavy_package, targets[each]))]
    assert not wrong, "import these at the top of their modules:\n" + "\n".join(wrong)


def test_modules_import_each_other_in_no_circle() -> None:
    names = {".".join(path.with_suffix("").parts).removesuffix(".__init__"): path for path in modules()}
    graph: dict[str, set[str]] = {name: set() for name in names}
    for each in own_imports():
        importer = ".".join(Path(each.path).with_suffix("").parts).removesuffix(".__init__")
        targets = {each.module, *(f"{each.module}.{name}" for name in each.names)} & graph.keys()
        # a submodule that is imported from its package does not depend on what the package hands on
        deeper = {target for target in targets if target != each.module}
        graph[importer] |= (deeper or targets) - {importer}
    circle = find_circle(graph)
    assert circle is None, " -> ".join(circle or [])


def find_circle(graph: dict[str, set[str]]) -> list[str] | None:
    """Return the modules of a circle of imports, in order, or None.

    >>> find_circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": set()})
    ['a', 'b', 'c', 'a']
    """
    done: set[str] = set()

    def visit(name: str, way: list[str]) -> list[str] | None:
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done:
            return None
        for other in sorted(graph[name]):
            if circle := visit(other, [*way, name]):
                return circle
        done.add(name)
        return None

    return next((circle for name in sorted(graph) if (circle := visit(name, []))), None)


@pytest.mark.parametrize(
    ("path", "source", "names_it"),
    [
        ("hybridml/quantity/units.py", "from hybridml.vision.stages import Stage", "units.py:1"),
        ("hybridml/utils/files.py", "def f():\n    from hybridml.cli import main", "files.py:2"),
        (
            "hybridml/ranking/model.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from hybridml.store.shards import Shards",
            "model.py:3",
        ),
        ("hybridml/ranking/model.py", "from ..store import shards", "model.py:1"),
        ("hybridml/ranking/model.py", "import hybridml.store.shards", "model.py:1"),
        ("hybridml/ranking/model.py", "from hybridml import store", "model.py:1"),
    ],
)
def test_an_import_against_the_order_is_named_with_file_and_line(
    path: str, source: str, names_it: str
) -> None:
    (wrong,) = against_the_order(list(imports_of(Path(path), source)))
    assert names_it in wrong
