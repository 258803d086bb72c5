"""Every suite of the field, read from a replica in its own layout, and from broken ones."""

from __future__ import annotations

from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from sectow_benchmarks.suites.base import Suite
from sectow_benchmarks.suites.data_suite import DataSuite
from sectow_benchmarks.suites.registry import REGISTRY, find_suite
from sectow_benchmarks.suites.selection import Selection
from sectow_env.errors import ConfigError

HERE = Path(__file__).parent / "replicas"
NAMES = sorted(file.stem for file in HERE.glob("*.py") if file.stem != "files")


def replica(name: str) -> Any:
    return import_module(f"tests.benchmarks.suites.replicas.{name}")


def suite_in(folder: Path, name: str, settings: str = "") -> Suite:
    return find_suite(f"{name}?path={folder}{settings}")


COLUMNS = [(name, column) for name in NAMES for column in replica(name).COLUMNS]


def test_every_suite_has_a_replica() -> None:
    loaders = (name for name in REGISTRY.names() if isinstance(REGISTRY.get(name), type))
    ours = {name for name in loaders if issubclass(REGISTRY.get(name), DataSuite)}  # type: ignore[arg-type]  # a factory that is a class
    assert ours == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_read_from_its_own_layout(name: str, tmp_path: Path) -> None:
    replica(name).write(tmp_path)
    suite = suite_in(tmp_path, name)
    items = suite.items(Selection())
    assert Counter(item.role for item in items) == replica(name).ITEMS
    assert len({item.id for item in items}) == len(items)
    assert all(item.attack.query or item.attack.image for item in items)
    assert all(item.scenario.harmful == (item.role == "safety") for item in items)
    about = REGISTRY.get(name).about  # type: ignore[attr-defined]  # of classes of ours
    assert {item.role for item in items} == set(about.roles)
    shown = {item.attack.image is not None for item in items}
    assert shown == {"text": {False}, "picture": {True}, "both": {False, True}}[about.shown]


@pytest.mark.parametrize(("name", "column"), COLUMNS)
def test_another_layout_is_refused_by_name(name: str, column: str, tmp_path: Path) -> None:
    replica(name).write(tmp_path, column)
    with pytest.raises(ConfigError) as caught:
        suite_in(tmp_path, name).items(Selection())
    assert column in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_there_says_how_to_get_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECTOW_DATA", str(tmp_path))
    with pytest.raises(ConfigError, match=f"sectow suites get {name}"):
        find_suite(name)
    (tmp_path / name).mkdir()
    with pytest.raises(ConfigError):
        find_suite(name).items(Selection())


@pytest.mark.parametrize("name", NAMES)
def test_the_mini_is_a_part_of_it(name: str, tmp_path: Path) -> None:
    replica(name).write(tmp_path)
    whole = {item.scenario.id for item in suite_in(tmp_path, name).items(Selection())}
    mini = suite_in(tmp_path, name, "&mini=true")
    chosen = {item.scenario.id for item in mini.items(Selection())}
    assert chosen <= whole
    assert mini.name == f"{name}_mini"
