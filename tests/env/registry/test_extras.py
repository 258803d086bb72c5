from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

from sectow_env.registry.extras import EXTRAS, missing, missing_extra

ABSENT = ModuleNotFoundError("No module named 'torch'", name="torch")


def extras_of(pyproject: Path) -> dict[str, set[str]]:
    """Extra -> the packages that it brings, with extras of our own followed."""
    table = tomllib.loads(pyproject.read_text())["project"]["optional-dependencies"]

    def packages(extra: str) -> set[str]:
        names: set[str] = set()
        for line in table[extra]:
            inner = re.fullmatch(r"sectow\[(.*)\]", line)
            if inner:
                names = names.union(*(packages(name) for name in inner[1].split(",")))
            else:
                names.add(re.split(r"[^\w.-]", line)[0])
        return names

    return {extra: packages(extra) for extra in table if extra != "dev"}


def test_the_table_says_what_pyproject_says(root: Path) -> None:
    ours = {extra: set(packages.values()) for extra, packages in EXTRAS.items()}
    assert ours == extras_of(root / "pyproject.toml")


def test_the_reader_of_pyproject_sees_a_package_more(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(
        '[project.optional-dependencies]\ntrain = ["torch>=2"]\nbench = ["sectow[train]", "x<1"]\n'
    )
    assert extras_of(file) == {"train": {"torch"}, "bench": {"torch", "x"}}


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)


@pytest.mark.usefixtures("no_torch")
def test_a_missing_package_is_named() -> None:
    assert "torch" in missing("train")


def test_nothing_is_missing_where_all_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in EXTRAS["all"]:
        monkeypatch.setitem(sys.modules, module, sys)
    assert missing("all") == []


@pytest.mark.usefixtures("no_torch")
def test_a_failed_import_names_the_preferred_extra_or_the_smallest() -> None:
    preferred = missing_extra("sectow demo", ABSENT, "all")
    smallest = missing_extra("a judge", ABSENT)
    assert preferred is not None
    assert smallest is not None
    assert (preferred.extra, smallest.extra) == ("all", "train")


@pytest.mark.usefixtures("no_torch")
def test_no_extra_is_blamed_for_a_foreign_module() -> None:
    assert missing_extra("x", ModuleNotFoundError("no", name="flask")) is None
    assert missing_extra("x", ModuleNotFoundError("no")) is None


def test_no_extra_is_blamed_for_a_part_of_an_installed_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "torch", sys)
    assert missing_extra("x", ModuleNotFoundError("no", name="torch.gone")) is None
