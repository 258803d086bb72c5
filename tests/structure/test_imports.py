"""Who imports whom: one way between the packages, no circles, nothing heavy in the base."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

HOMES = {"sectow_env": ".", "sectow_agents": "agents", "sectow_benchmarks": "benchmarks"}
ORDER = tuple(HOMES)
"""A package may import itself and what stands before it."""
ROOMS = {
    "sectow_env": (
        *("text", "errors", "files", "reading", "game", "registry", "resolve", "endpoint"),
        *("images", "judges", "policies", "channels", "display", "env", "pool", "worlds"),
        "wrappers",
        *("check", "commands"),
    ),
    "sectow_agents": (
        *("settings", "processes", "models", "policies", "judges", "renderers", "algorithms"),
        *("phases", "run", "tug_of_war", "trl_game", "cold_start", "organism", "rung", "planning"),
        *("doctor", "commands"),
    ),
    "sectow_benchmarks": (
        *("stats", "ratings", "suites", "overlap", "tasks", "results", "evaluation", "board"),
        *("labels", "report", "judging", "verify", "hub", "packs", "submissions", "api", "studies"),
        "commands",
    ),
}
"""The folders and modules of each package; one may import itself and what stands before it."""
BY_CALL = ("import_module", "__import__")
HEAVY = {
    *("torch", "transformers", "trl", "peft", "accelerate", "datasets", "tokenizers"),
    *("pandas", "pyarrow", "sklearn", "scipy", "statsmodels", "matplotlib", "lm_eval"),
}


def modules(root: Path) -> dict[str, Path]:
    """Dotted name -> file, for every module of the three packages."""
    found = {}
    for package, home in HOMES.items():
        for file in sorted((root / home / package).rglob("*.py")):
            parts = file.relative_to(root / home).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def is_for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def at_the_top(node: ast.AST) -> Iterator[ast.AST]:
    """The statements that run when a module is imported."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if is_for_types_only(child):
            # What stands in `else` runs.
            children = child.orelse if isinstance(child, ast.If) else []
            for other in children:
                yield other
                yield from at_the_top(other)
            continue
        yield child
        yield from at_the_top(child)


def imported(node: ast.AST) -> list[str]:
    """What one statement imports, as dotted names; `from a import b` gives `a.b`."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(BY_CALL):
        names = [arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant)]
        return [name for name in names if isinstance(name, str)]
    return []


def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def against_the_stream(root: Path) -> list[str]:
    """Imports from a package that stands later in the order, wherever they are written."""
    found = []
    for module, file in modules(root).items():
        allowed = ORDER[: ORDER.index(module.partition(".")[0]) + 1]
        for name in (name for node in ast.walk(tree_of(file)) for name in imported(node)):
            top = name.partition(".")[0]
            if top in ORDER and top not in allowed:
                found.append(f"{module} imports {name}")
    return found


def running_back_up(root: Path) -> list[str]:
    """Imports from a room that stands later in its package, wherever they are written."""
    known, found = modules(root), []
    for module, file in known.items():
        package, _, inside = module.partition(".")
        room = inside.partition(".")[0]
        if not room:
            continue
        rooms = ROOMS[package]
        if room not in rooms:
            found.append(f"{package}.{room} has no place in the order")
            continue
        for name in (name for node in ast.walk(tree_of(file)) for name in imported(node)):
            other = [*name.split("."), ""][1] if name.startswith(f"{package}.") else ""
            if other in rooms and rooms.index(other) > rooms.index(room):
                found.append(f"{module} imports {name}")
    return found


def heavy_in_the_base(root: Path) -> list[str]:
    """Heavy packages that a module of sectow_env imports when it is imported itself."""
    return [
        f"{module} imports {name}"
        for module, file in modules(root).items()
        if module.partition(".")[0] == "sectow_env"
        for node in at_the_top(tree_of(file))
        for name in imported(node)
        if name.partition(".")[0] in HEAVY
    ]


def graph(root: Path) -> dict[str, set[str]]:
    """Module -> modules of ours that it imports at the top level."""
    known = modules(root)
    edges: dict[str, set[str]] = {}
    for module, file in known.items():
        names = [name for node in at_the_top(tree_of(file)) for name in imported(node)]
        # `from a import b`: the module a.b where there is one, else a.
        targets = {name if name in known else name.rpartition(".")[0] for name in names}
        edges[module] = (targets & set(known)) - {module}
    return edges


def circle(root: Path) -> list[str]:
    """One circle of imports, or nothing."""
    try:
        TopologicalSorter(graph(root)).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def loaded_by(program: str) -> set[str]:
    """Heavy packages that are loaded after a program has run in a fresh Python."""
    program += "\nimport sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split()) & HEAVY


def test_imports_run_one_way(root: Path) -> None:
    assert against_the_stream(root) == []


def test_no_module_of_the_base_imports_a_heavy_package(root: Path) -> None:
    assert heavy_in_the_base(root) == []


def test_no_import_runs_back_up(root: Path) -> None:
    assert running_back_up(root) == []


def test_every_room_of_the_order_is_there(root: Path) -> None:
    there = {tuple(module.split(".")[:2]) for module in modules(root)}
    assert {(package, room) for package, rooms in ROOMS.items() for room in rooms} <= there


def test_no_circles(root: Path) -> None:
    assert circle(root) == []


def test_the_graph_is_not_empty(root: Path) -> None:
    assert "sectow_env.errors" in graph(root)["sectow_env.registry.entry_points"]


def test_importing_the_game_loads_nothing_heavy() -> None:
    assert loaded_by("import sectow_env") == set()


def test_a_heavy_load_is_seen() -> None:
    assert loaded_by("import sys; sys.modules['torch'] = sys") == {"torch"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The smallest good tree, for the mutants to spoil."""
    for package, home in HOMES.items():
        (tmp_path / home / package).mkdir(parents=True)
        (tmp_path / home / package / "__init__.py").write_text('"""A package."""\n')
    (tmp_path / "sectow_env/core.py").write_text("import json\n")
    (tmp_path / "agents/sectow_agents/train.py").write_text(
        "import torch\nfrom sectow_env import core\n"
    )
    return tmp_path


def test_the_checkers_pass_a_good_tree(tree: Path) -> None:
    assert [*against_the_stream(tree), *heavy_in_the_base(tree), *circle(tree)] == []


@pytest.mark.parametrize(
    "source",
    [
        "import sectow_agents",
        "from sectow_agents.train import x",
        "def f():\n    from sectow_agents import train",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import sectow_benchmarks.board",
        "from importlib import import_module\nimport_module('sectow_benchmarks.board')",
        "__import__('sectow_agents')",
    ],
)
def test_an_import_against_the_stream_is_seen(tree: Path, source: str) -> None:
    (tree / "sectow_env/core.py").write_text(source)
    assert len(against_the_stream(tree)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "from sectow_env.worlds.grammar import parse",
        "def f():\n    from sectow_env import worlds",
        "import sectow_env.commands",
    ],
)
def test_an_import_that_runs_back_up_is_seen(tree: Path, source: str) -> None:
    (tree / "sectow_env/judges").mkdir()
    (tree / "sectow_env/judges/strict.py").write_text(source)
    assert len([line for line in running_back_up(tree) if "strict" in line]) == 1


def test_a_room_without_a_place_is_seen(tree: Path) -> None:
    (tree / "sectow_env/helpers.py").write_text("")
    assert "sectow_env.helpers has no place in the order" in running_back_up(tree)


def test_the_agents_may_not_import_the_benchmarks(tree: Path) -> None:
    (tree / "agents/sectow_agents/train.py").write_text("from sectow_benchmarks import cli\n")
    assert against_the_stream(tree) == ["sectow_agents.train imports sectow_benchmarks.cli"]


@pytest.mark.parametrize(
    "source",
    [
        "import torch.nn",
        "from datasets import Dataset",
        "try:\n    import pandas\nexcept ImportError:\n    pass",
        "class C:\n    import sklearn",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    pass\nelse:\n    import torch",
    ],
)
def test_a_heavy_import_at_the_top_is_seen(tree: Path, source: str) -> None:
    (tree / "sectow_env/core.py").write_text(source)
    assert len(heavy_in_the_base(tree)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    import torch",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch",
    ],
)
def test_a_late_or_typing_import_is_none(tree: Path, source: str) -> None:
    (tree / "sectow_env/core.py").write_text(source)
    assert heavy_in_the_base(tree) == []


@pytest.mark.parametrize(
    "back",
    ["import sectow_env.core", "from sectow_env import core", "from sectow_env.core import x"],
)
def test_a_circle_is_seen(tree: Path, back: str) -> None:
    (tree / "sectow_env/core.py").write_text("from sectow_env.other import y\n")
    (tree / "sectow_env/other.py").write_text(f"{back}\n")
    assert set(circle(tree)) == {"sectow_env.core", "sectow_env.other"}


def test_a_circle_through_the_package_is_seen(tree: Path) -> None:
    (tree / "sectow_env/__init__.py").write_text("from sectow_env.core import make\n")
    (tree / "sectow_env/core.py").write_text("from sectow_env import make\n")
    assert set(circle(tree)) == {"sectow_env", "sectow_env.core"}
