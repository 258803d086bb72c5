"""Every part that pyproject.toml registers is there, is named by the rule, and is installed."""

from __future__ import annotations

import ast
import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest

from sectow_env.registry.entry_points import GROUPS, OWNER

COMMANDS = "sectow.commands"
ONE_WORD = {
    COMMANDS,
    "sectow.worlds",
    "sectow.algorithms",
    "sectow.suites",
    "sectow.families",
    "sectow.sources",
}
WORD = r"[a-z0-9][a-z0-9_.-]*"
Points = dict[str, dict[str, str]]


def registered(pyproject: Path) -> Points:
    """Group -> name -> import path."""
    project = tomllib.loads(pyproject.read_text())["project"]
    points: Points = {**project.get("entry-points", {})}
    return {**points, "console_scripts": project.get("scripts", {})}


def misnamed(points: Points) -> list[str]:
    """Parts that are not named `world/part`, commands and worlds that are more than a word."""
    return [
        f"{group}: {name}"
        for group, entries in points.items()
        if group in GROUPS
        for name in entries
        if not re.fullmatch(WORD if group in ONE_WORD else f"{WORD}/{WORD}", name)
    ]


def dangling(root: Path, points: Points) -> list[str]:
    """Import paths that lead to no module of ours or to no name in it. Imports nothing."""
    paths = sorted({path for entries in points.values() for path in entries.values()})
    return [path for path in paths if not leads_somewhere(root, path)]


def leads_somewhere(root: Path, path: str) -> bool:
    module, _, attribute = path.partition(":")
    for home in (".", "agents", "benchmarks"):
        base = root.joinpath(home, *module.split("."))
        for file in (base.with_suffix(".py"), base / "__init__.py"):
            if file.is_file():
                return attribute.partition(".")[0] in names_in(file)
    return False


def names_in(file: Path) -> set[str]:
    """What a module defines or imports at its top level."""
    names: set[str] = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update(alias.asname or alias.name for alias in node.names)
        else:
            stored = (one for one in ast.walk(node) if isinstance(one, ast.Name))
            names.update(one.id for one in stored if isinstance(one.ctx, ast.Store))
    return names


def not_installed(points: Points) -> list[str]:
    """Entry points that pyproject.toml has and the installation has not, or has otherwise."""
    installed = {(one.group, one.name, one.value) for one in distribution(OWNER).entry_points}
    wanted = {(group, *entry) for group, entries in points.items() for entry in entries.items()}
    return sorted(f"{group}: {name} = {value}" for group, name, value in wanted ^ installed)


@pytest.fixture
def points(root: Path) -> Points:
    return registered(root / "pyproject.toml")


def test_parts_are_named_by_the_rule(points: Points) -> None:
    assert misnamed(points) == []


def test_groups_are_known(points: Points) -> None:
    assert set(points) - {"console_scripts"} <= set(GROUPS)


def test_every_entry_point_leads_somewhere(root: Path, points: Points) -> None:
    assert dangling(root, points) == []


def test_the_installation_is_current(points: Points) -> None:
    assert not_installed(points) == [], "run `make install`"


@pytest.mark.parametrize(
    ("group", "name"),
    [
        ("sectow.judges", "strict"),
        ("sectow.judges", "a/b/c"),
        ("sectow.policies", "os:system"),
        (COMMANDS, "run/it"),
        ("sectow.worlds", "Apothecary"),
    ],
)
def test_a_bad_name_is_seen(group: str, name: str) -> None:
    assert misnamed({group: {name: "a:b"}}) == [f"{group}: {name}"]


def test_a_good_name_passes() -> None:
    good: Points = {"sectow.judges": {"apothecary/keyword": "a:b"}, COMMANDS: {"train": "a:b"}}
    assert misnamed(good) == []


def test_a_dangling_entry_point_is_seen(tmp_path: Path) -> None:
    (tmp_path / "agents/pack").mkdir(parents=True)
    (tmp_path / "agents/pack/cli.py").write_text("from x import y as z\na: int = 1\ndef f(): ...\n")
    paths = ("pack.cli:f", "pack.cli:a", "pack.cli:z", "pack.cli:y", "pack.gone:f", "pack.cli:g.h")
    points: Points = {COMMANDS: {path: path for path in paths}}
    assert dangling(tmp_path, points) == ["pack.cli:g.h", "pack.cli:y", "pack.gone:f"]


def test_an_entry_point_that_is_not_installed_is_seen(points: Points) -> None:
    more: Points = {**points, "sectow.judges": {"new/one": "a:b"}}
    assert "sectow.judges: new/one = a:b" in not_installed(more)
