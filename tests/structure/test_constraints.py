"""constraints.txt: everything that is installed, pinned, for every index."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

TORCH = "torch==2.13.0"
PIN = re.compile(r"[A-Za-z0-9][\w.-]*==[\w.!]+")
# What the CUDA build of torch brings on Linux, and the tested build does not.
OF_CUDA = ("nvidia-", "cuda-", "triton")


def lines(file: Path) -> list[str]:
    text = file.read_text(encoding="utf-8").splitlines()
    return [line for line in text if line and not line.startswith("#")]


def malformed(file: Path) -> list[str]:
    """Lines that are no plain pin: local versions, paths, addresses, ranges, repetitions."""
    seen: set[str] = set()
    bad = []
    for line in lines(file):
        name = canonicalize_name(line.partition("==")[0], validate=False)
        if not PIN.fullmatch(line) or name in seen:
            bad.append(line)
        seen.add(name)
    return bad


def pins(file: Path) -> dict[str, Version]:
    parts = (line.partition("==") for line in lines(file))
    return {canonicalize_name(name): Version(version) for name, _, version in parts}


def wanted(pyproject: Path) -> list[Requirement]:
    """What the project asks for, with all extras."""
    project = tomllib.loads(pyproject.read_text())["project"]
    extras = (line for extra in project["optional-dependencies"].values() for line in extra)
    found = [Requirement(line) for line in (*project["dependencies"], *extras)]
    return [one for one in found if canonicalize_name(one.name) != project["name"]]


def unpinned(asked: list[Requirement], pinned: dict[str, Version]) -> list[str]:
    """Packages asked for, now or in turn, that have no pin or one that does not fit."""
    found: set[str] = set()
    done: set[str] = set()
    todo = list(asked)
    while todo:
        one = todo.pop()
        name = canonicalize_name(one.name)
        if name.startswith(OF_CUDA) or str(one) in done:
            continue
        done.add(str(one))
        if name not in pinned or not one.specifier.contains(pinned[name], prereleases=True):
            found.add(str(one))
        todo += brought_by(one)
    return sorted(found)


def brought_by(one: Requirement) -> list[Requirement]:
    """What an installed package asks for, on this system and with these extras."""
    try:
        further = [Requirement(line) for line in requires(one.name) or []]
    except PackageNotFoundError:
        return []
    environments = [{"extra": extra} for extra in ("", *one.extras)]
    return [
        more
        for more in further
        if more.marker is None or any(more.marker.evaluate(place) for place in environments)
    ]


@pytest.fixture
def file(root: Path) -> Path:
    return root / "constraints.txt"


def test_every_line_is_a_plain_pin(file: Path) -> None:
    assert malformed(file) == []


def test_torch_is_pinned_for_every_index(root: Path, file: Path) -> None:
    assert TORCH in lines(file)
    assert f"TORCH ?= {TORCH}\n" in (root / "Makefile").read_text()


def test_whatever_is_installed_is_pinned(root: Path, file: Path) -> None:
    assert unpinned(wanted(root / "pyproject.toml"), pins(file)) == []


@pytest.mark.parametrize(
    "line",
    [
        "torch==2.13.0+cpu",
        "numpy>=2",
        "numpy",
        "-e .",
        "sectow @ file:///somewhere",
        "numpy==2.4.6 ; python_version > '3'",
    ],
)
def test_a_line_that_is_no_plain_pin_is_seen(tmp_path: Path, line: str) -> None:
    file = tmp_path / "constraints.txt"
    file.write_text(f"# a comment\nrich==15.0.0\n{line}\n")
    assert malformed(file) == [line]


def test_a_repetition_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "constraints.txt"
    file.write_text("scikit-learn==1.9.1\nscikit_learn==1.9.0\n")
    assert malformed(file) == ["scikit_learn==1.9.0"]


def test_a_missing_and_a_refused_pin_are_seen() -> None:
    asked = [Requirement("numpy>=3"), Requirement("no-such-package")]
    assert unpinned(asked, {"numpy": Version("2.4.6")}) == ["no-such-package", "numpy>=3"]


def test_a_missing_pin_is_seen_at_second_hand() -> None:
    typer = [Requirement("typer")]
    assert "rich" in {Requirement(one).name for one in unpinned(typer, {"typer": Version("1")})}


def test_what_only_the_cuda_build_brings_is_passed_over() -> None:
    assert unpinned([Requirement("nvidia-nccl-cu13==2.1")], {}) == []
