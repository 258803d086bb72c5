from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from sectow_env.commands.doctor import Diagnosis, core_limit, diagnose, memory_limit_gib
from sectow_env.commands.main import main
from sectow_env.registry.extras import EXTRAS, version_of


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)


@pytest.mark.usefixtures("no_torch")
def test_json_holds_a_whole_diagnosis(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["doctor", "--json"])
    assert caught.value.code == 0
    diagnosis = Diagnosis.model_validate(json.loads(capsys.readouterr().out))
    assert diagnosis.machine.cores >= 1
    assert set(diagnosis.missing) == set(EXTRAS)
    assert diagnosis.parts["gymnasium"] == version_of("gymnasium")


@pytest.mark.usefixtures("no_torch")
def test_text_names_the_cure_of_a_missing_extra(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["doctor"])
    output = capsys.readouterr().out
    assert re.search(r'lacks torch.*; pip install "sectow\[train\]"', output)
    assert "unknown without torch" in output


def test_a_gpu_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = SimpleNamespace(device_count=lambda: 2, get_device_name=lambda index: f"gpu {index}")
    torch = SimpleNamespace(cuda=cuda, version=SimpleNamespace(cuda="13.0"))
    monkeypatch.setitem(sys.modules, "torch", torch)
    cuda_report = diagnose().cuda
    assert cuda_report is not None
    assert (cuda_report.build, cuda_report.devices) == ("13.0", ("gpu 0", "gpu 1"))


def test_a_package_that_is_not_installed_has_no_version() -> None:
    assert version_of("no-such-package-anywhere") is None


@pytest.mark.parametrize(
    ("cpu", "memory", "cores", "gib"),
    [
        ("150000 100000\n", "2147483648\n", 1.5, 2.0),
        ("max 100000\n", "max\n", None, None),
        ("", "", None, None),
        ("garbage", "garbage", None, None),
    ],
)
def test_limits_of_a_container(
    tmp_path: Path, cpu: str, memory: str, cores: float | None, gib: float | None
) -> None:
    (tmp_path / "cpu.max").write_text(cpu)
    (tmp_path / "memory.max").write_text(memory)
    assert core_limit(tmp_path) == cores
    assert memory_limit_gib(tmp_path) == gib


def test_no_container_no_limits(tmp_path: Path) -> None:
    assert core_limit(tmp_path) is None
    assert memory_limit_gib(tmp_path) is None
