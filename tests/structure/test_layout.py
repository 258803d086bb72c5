"""The shape of the code: its size, and what stands in the two folders with borrowed names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

MAX_FUNCTION = 60
MAX_MODULE = 400
CODE = ("sectow_env", "agents", "benchmarks", "tests", "perf", "examples", "docs", "configs")
PACKAGES = ("sectow_env", "agents/sectow_agents", "benchmarks/sectow_benchmarks")
BORROWED = {"agents": "sectow_agents", "benchmarks": "sectow_benchmarks"}


def modules(root: Path) -> Iterator[Path]:
    """All Python files of the project below `root`."""
    for folder in CODE:
        yield from sorted((root / folder).rglob("*.py"))


def long_modules(root: Path) -> list[str]:
    """Modules over the limit, with their length."""
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in modules(root)}
    return [
        f"{file.relative_to(root)}: {length} lines"
        for file, length in lengths.items()
        if length > MAX_MODULE
    ]


def long_functions(root: Path) -> list[str]:
    """Functions over the limit, with their place and length."""
    found = []
    for file in modules(root):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION:
                place = f"{file.relative_to(root)}:{node.lineno}"
                found.append(f"{place}: {node.name} has {length} lines")
    return found


def strays(root: Path) -> list[str]:
    """Whatever stands in `agents/` and `benchmarks/` beside the package and its README."""
    return [
        str(path.relative_to(root))
        for folder, package in BORROWED.items()
        for path in sorted((root / folder).iterdir())
        # Hidden files are the systems' own, and a cache is a trace, never a module.
        if path.name not in {package, "README.md", "__pycache__"} and path.name[0] != "."
    ]


def untyped(root: Path) -> list[str]:
    """Packages that do not tell a type checker that they are typed."""
    return [package for package in PACKAGES if not (root / package / "py.typed").is_file()]


def test_no_module_is_too_long(root: Path) -> None:
    assert long_modules(root) == []


def test_no_function_is_too_long(root: Path) -> None:
    assert long_functions(root) == []


def test_nothing_strays_beside_the_packages(root: Path) -> None:
    assert strays(root) == []


def test_every_package_is_typed(root: Path) -> None:
    assert untyped(root) == []


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The smallest good tree, for the mutants to spoil."""
    for package in PACKAGES:
        (tmp_path / package).mkdir(parents=True)
        (tmp_path / package / "__init__.py").write_text('"""A package."""\n')
        (tmp_path / package / "py.typed").touch()
    for folder in BORROWED:
        (tmp_path / folder / "README.md").touch()
    return tmp_path


def function(lines: int) -> str:
    return "def f():\n" + "    x = 1\n" * (lines - 1)


def test_the_checkers_pass_a_good_tree(tree: Path) -> None:
    limits = function(MAX_FUNCTION) + "\n" * (MAX_MODULE - MAX_FUNCTION)
    (tree / "sectow_env/at_the_limits.py").write_text(limits)
    assert [*long_modules(tree), *long_functions(tree), *strays(tree), *untyped(tree)] == []


@pytest.mark.parametrize("package", [*PACKAGES, "tests/env", "perf"])
def test_a_line_too_many_in_a_module_is_seen(tree: Path, package: str) -> None:
    (tree / package).mkdir(parents=True, exist_ok=True)
    (tree / package / "long.py").write_text("x = 1\n" * (MAX_MODULE + 1))
    assert long_modules(tree) == [f"{package}/long.py: 401 lines"]


@pytest.mark.parametrize("kind", ["", "async ", "class C:\n    "])
def test_a_line_too_many_in_a_function_is_seen(tree: Path, kind: str) -> None:
    source = kind + function(MAX_FUNCTION + 1).replace("    x", "        x")
    (tree / "agents/sectow_agents/long.py").write_text(source)
    assert len(long_functions(tree)) == 1


@pytest.mark.parametrize("stray", ["agents/__init__.py", "benchmarks/__init__.py", "agents/go.py"])
def test_a_stray_file_is_seen(tree: Path, stray: str) -> None:
    (tree / stray).touch()
    assert strays(tree) == [stray]


def test_a_stray_folder_is_seen(tree: Path) -> None:
    (tree / "benchmarks/configs").mkdir()
    assert strays(tree) == ["benchmarks/configs"]


def test_a_missing_type_marker_is_seen(tree: Path) -> None:
    (tree / "sectow_env/py.typed").unlink()
    assert untyped(tree) == ["sectow_env"]
