from __future__ import annotations

import json
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from sectow_env.commands import doctor as doctor_command
from sectow_env.commands.doctor import (
    Diagnosis,
    core_limit,
    diagnose,
    hub,
    memory_limit_gib,
    vllm_range,
)
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


class Answers(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_the_hub_is_asked_briefly_and_a_token_is_never_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://user:pass@127.0.0.1:{server.server_port}")
    assert hub().model_dump() == {"host": "127.0.0.1", "token": False, "reachable": True}
    server.shutdown()
    server.server_close()
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    seen = hub()
    assert (seen.token, seen.reachable) == (True, False)
    assert "secret" not in seen.model_dump_json()
    monkeypatch.delenv("HF_TOKEN")
    (tmp_path / "token").write_text("hf_secret")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert hub().model_dump() == {"host": "127.0.0.1", "token": True, "reachable": None}
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("HF_ENDPOINT", "not an address")
    assert hub().reachable is False


class Slow(Answers):
    def do_HEAD(self) -> None:
        time.sleep(0.5)
        super().do_HEAD()


def test_a_slow_line_is_given_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setattr(doctor_command, "HUB_TIMEOUT", 0.1)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    for given, reachable in (("", False), ("soon", False), ("30", True)):
        monkeypatch.setenv("HF_HUB_ETAG_TIMEOUT", given)
        assert hub().reachable is reachable
    server.shutdown()
    server.server_close()


def test_the_range_of_vllm_is_the_installed_trls() -> None:
    pytest.importorskip("trl")
    known = vllm_range()
    assert known is not None
    assert "<=" in known
