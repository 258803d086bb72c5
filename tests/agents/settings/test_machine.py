"""When, with what and on which processor something was made."""

from __future__ import annotations

import platform
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import pytest

from sectow_agents.settings import machine

CORE = "vendor_id : X\ncpu family : 25\nmodel : {}\nmodel name : A: fast one\n"


def test_the_origin_names_time_versions_python_and_platform() -> None:
    origin = machine.origin(["numpy", "no-such-package-anywhere"])
    assert list(origin) == ["created", "versions", "python", "platform"]
    assert origin["versions"] == {"numpy": version("numpy"), "no-such-package-anywhere": None}
    assert origin["python"] == platform.python_version()
    assert datetime.fromisoformat(origin["created"]).tzinfo is not None


@pytest.mark.parametrize(
    ("detailed", "name"),
    [(False, "A: fast one"), (True, "A: fast one, cpu family 25, model 17")],
)
def test_the_processor_is_that_of_the_first_core(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, detailed: bool, name: str
) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text(CORE.format(17) + "\n" + CORE.format(99))
    monkeypatch.setattr(machine, "_CPU_FILE", file)
    assert machine.processor(detailed=detailed) == name


def test_a_system_without_the_file_gives_its_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_CPU_FILE", tmp_path / "none")
    assert machine.processor() == (platform.processor() or platform.machine()) != ""
