"""The wheel holds our three packages and takes no other project's import name."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

OURS = {"sectow_env", "sectow_agents", "sectow_benchmarks"}


def top_level(wheel: Path) -> set[str]:
    """Names that the wheel makes importable."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name.partition("/")[0] for name in archive.namelist()}
    return {name for name in names if not name.endswith(".dist-info")}


@pytest.mark.slow
def test_the_wheel_holds_the_three_packages_and_no_more(wheel: Path) -> None:
    assert top_level(wheel) == OURS


@pytest.mark.slow
@pytest.mark.parametrize("package", sorted(OURS))
def test_every_package_in_the_wheel_is_typed(wheel: Path, package: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert f"{package}/py.typed" in archive.namelist()


@pytest.mark.slow
def test_the_wheel_carries_what_the_commands_read(wheel: Path, root: Path) -> None:
    """Refusal rules, task files, the page's template and style."""
    homes = {"sectow_env": root, "sectow_benchmarks": root / "benchmarks"}
    wanted = {
        str(file.relative_to(home))
        for package, home in homes.items()
        for kind in ("*.toml", "*.yaml", "*.j2", "*.css", "locks/*.json")
        for file in (home / package).rglob(kind)
    }
    with zipfile.ZipFile(wheel) as archive:
        assert wanted - set(archive.namelist()) == set()
    assert "sectow_benchmarks/tasks/apothecary/safety_text.yaml" in wanted
    assert "sectow_benchmarks/suites/locks/siuo.json" in wanted
    assert "sectow_env/judges/refusal_rules.toml" in wanted


@pytest.mark.slow
def test_the_demo_begins_from_the_shipped_configuration(wheel: Path, root: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        carried = archive.read("sectow_benchmarks/demo.yaml")
    assert carried == (root / "configs/apothecary.yaml").read_bytes()


@pytest.mark.slow
def test_an_installed_wheel_finds_the_demos_configuration(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from sectow_benchmarks.studies import presets\n"
        f"assert presets.__file__.startswith({str(tmp_path)!r})\n"
        "print(presets.recipe(['seed=4']).seed)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.strip() == "4"


@pytest.mark.slow
def test_the_wheel_carries_license_and_entry_points(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        info = next(name for name in archive.namelist() if name.endswith("/entry_points.txt"))
        assert "[sectow.commands]" in archive.read(info).decode()
        assert any(name.endswith("/licenses/LICENSE") for name in archive.namelist())


def test_a_stolen_name_is_seen(tmp_path: Path) -> None:
    wheel = tmp_path / "bad-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in ("sectow_env/__init__.py", "agents/__init__.py", "bad-1.dist-info/METADATA"):
            archive.writestr(name, "")
    assert top_level(wheel) == {"sectow_env", "agents"}


@pytest.mark.parametrize("borrowed", ["agents", "benchmarks"])
def test_the_borrowed_names_are_not_ours(root: Path, borrowed: str) -> None:
    spec = find_spec(borrowed)
    # A folder without __init__.py gives way to any real package of that name.
    assert spec is None or spec.origin is None or not Path(spec.origin).is_relative_to(root)
