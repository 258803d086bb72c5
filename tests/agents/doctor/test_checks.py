"""What `sectow doctor CONFIG` says would fail, and that it says nothing of what would not."""

from __future__ import annotations

import json
import shutil
from collections import namedtuple
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml

from sectow_agents.doctor import checks as module
from sectow_agents.doctor.checks import Check, check_config
from sectow_env.commands.main import main
from sectow_env.game import SEATS, Seat
from tests.env.endpoint.server import FaultyServer

PACK = "examples/packs/lantern_shop.jsonl"
SILENT = "with_intent/of?judge=pack/reference&intent=intent/words%3Fneeded=0.5"


@pytest.fixture
def free(tmp_path: Path) -> str:
    return f"run={tmp_path / 'run'}"


def states(results: list[Check]) -> dict[str, str]:
    return {check.name: check.state for check in results}


def failures(results: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in results if check.state == "fails"}


def test_the_demos_configuration_is_sound(root: Path, free: str) -> None:
    seen: list[str] = []
    results = check_config(root / "configs/apothecary.yaml", [free], log=seen.append)
    assert failures(results) == {}, failures(results)
    assert set(states(results).values()) == {"ok"}
    assert list(states(results)) == seen
    tried = results[-1]
    assert tried.name == "judge, tried"
    assert "harmful refused 1.0" in tried.seen
    assert "another question: not on its behavior" in tried.seen


def test_the_pack_of_the_recipes_is_sound_with_a_judge_of_intent(root: Path, free: str) -> None:
    results = check_config(root / "configs/pack.yaml", [free, f"judge={json.dumps(SILENT)}"])
    assert failures(results) == {}, failures(results)
    assert "the behavior itself: on its behavior" in results[-1].seen


@pytest.mark.parametrize(
    ("changes", "name", "seen", "fix"),
    [
        (["rouds=3"], "settings", "rouds", "rounds"),
        (["world=apothecari:0"], "world", "apothecari", "apothecary"),
        (["attacker.channels=[typograpy]"], "data", "typograpy", "choose|known"),
        (["defender.mix.general_kinds=[smell]"], "data", "smell", "colour"),
        (["judge=rules/refusl"], "judge", "rules/refusl", "rules/refusal"),
        (["judge=rules/refusal"], "judge, tried", "has no reward", "judge=NAME"),
        (["attacker.model=apothecary/plain"], "attacker's model", "no weights", "seats"),
        (["defender.model=/nowhere/at/all"], "defender's model", "/nowhere/at/all", "path"),
        (
            ["defender.model=nobody/nothing"],
            "defender's model",
            "an id of the hub",
            "give",
        ),
        (["device=cuda"], "device", "no CUDA device", "device=cpu"),
        (["attacker.training.grpo={use_vllm: true}"], "packages", "vLLM is not", "pip install"),
    ],
)
def test_what_would_fail_is_named_with_its_fix(
    root: Path, free: str, changes: list[str], name: str, seen: str, fix: str
) -> None:
    if name == "device":
        torch = pytest.importorskip("torch")
        if torch.cuda.is_available():
            pytest.skip("there is one here")
    failed = failures(check_config(root / "configs/apothecary.yaml", [free, *changes]))
    assert list(failed) == [name]
    assert seen in failed[name].seen
    assert any(word in failed[name].fix for word in fix.split("|")), failed[name].fix


def test_all_faults_are_shown_at_once(root: Path, tmp_path: Path) -> None:
    taken = tmp_path / "run"
    taken.mkdir()
    (taken / "run.json").write_text("{}")
    changes = [f"run={taken}", "judge=rules/refusl", "device=cpu", "defender.model=/nowhere"]
    results = check_config(root / "configs/apothecary.yaml", changes, processes=7)
    assert set(failures(results)) == {"run folder", "batches", "defender's model", "judge"}


def test_a_full_disk_is_seen(root: Path, free: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(9, 8, 1))
    failed = failures(check_config(root / "configs/apothecary.yaml", [free]))
    assert list(failed) == ["room"]
    assert "adapters" in failed["room"].fix


@pytest.mark.parametrize("seat", SEATS)
def test_a_server_in_a_seat_is_asked(root: Path, free: str, seat: Seat, tmp_path: Path) -> None:
    defence = "prompted/of?system=be kind&model=" if seat == "defender" else ""
    changes = [free, f"seats=[{'attacker' if seat == 'defender' else 'defender'}]"]
    file = root / "configs/apothecary.yaml"
    with FaultyServer() as server:
        settings = f"base_url={server.base_url}&model=jar-1&cache={tmp_path / 'answers'}&backoff=0"
        spec = f"endpoint/{seat}?{settings}"
        changes.append(f"{seat}.model={json.dumps(defence + (quote(spec) if defence else spec))}")
        (seen,) = [c for c in check_config(file, changes) if c.name == f"{seat}'s model"]
        assert seen.state == "ok"
        assert "jar-1@127.0.0.1" in seen.seen
        assert len(server.received) == 1
    failed = failures(check_config(file, changes))[f"{seat}'s model"]
    assert "base_url" in failed.fix


def test_a_renderer_that_no_channel_uses_is_tried(root: Path, free: str, tmp_path: Path) -> None:
    (tmp_path / "jar.png").write_text("no picture")
    file, spec = root / "configs/apothecary.yaml", f"sectow/retrieval?folder={tmp_path}"
    changes = [free, "attacker.channels=[typography]", f"renderer={json.dumps(spec)}"]
    assert "jar.png" in failures(check_config(file, changes))["renderer, tried"].seen


def test_a_split_cluster_and_missing_benign_data_are_seen(tmp_path: Path, free: str) -> None:
    row = {"behavior": "open the cellar door", "harmful": True, "cluster": "door"}
    benign = {"behavior": "tell the time", "harmful": False, "reference": "noon"}
    settings: dict[str, object] = {
        "attacker": {"model": "organism/attacker"},
        "defender": {"model": "pack/lookup"},
    }
    settings |= {"seats": ["attacker"], "judge": "rules/not_refused"}
    for rows, text in (
        ([{**row, "id": "a"}, {**row, "id": "b", "split": "test"}, {**benign, "id": "c"}], "door"),
        ([{**benign, "id": "c"}], "no harmful scenario"),
    ):
        pack, file = tmp_path / "pack.jsonl", tmp_path / "config.yaml"
        pack.write_text("".join(json.dumps(each) + "\n" for each in rows))
        file.write_text(yaml.safe_dump({**settings, "scenarios": str(pack)}))
        assert text in failures(check_config(file, [free]))["data"].seen


def test_what_was_not_looked_at_is_unknown(
    root: Path, free: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "missing", lambda _: ["torch"])
    results = check_config(root / "configs/apothecary.yaml", [free])
    assert states(results)["packages"] == "fails"
    assert {states(results)[name] for name in ("device", "models", "room", "judge")} == {"unknown"}


def test_the_command_says_so_by_its_exit_status(
    root: Path, free: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(root / "configs/apothecary.yaml")
    for changes, code in (([], 0), (["judge=rules/refusl"], 1)):
        with pytest.raises(SystemExit) as caught:
            main(["doctor", file, free, *changes, "--json"])
        assert caught.value.code == code
        report = json.loads(capsys.readouterr().out)
        assert report["ok"] is (code == 0)
        assert {"python", "hub", "vllm_range"} <= set(report)
        assert {check["state"] for check in report["checks"]} <= {"ok", "fails", "unknown"}


def test_a_gpu_that_is_too_small_is_seen(
    root: Path, free: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sectow_agents.planning import here
    from sectow_agents.planning.machines import gpu_of

    changes = [free, "defender.training.micro_batch=8"]
    for memory, fails in ((80.0, []), (0.001, ["room"])):
        gpu = replace(gpu_of("h100"), memory=memory)
        monkeypatch.setattr(here, "gpu_here", lambda gpu=gpu: gpu)
        failed = failures(check_config(root / "configs/apothecary.yaml", changes))
        assert list(failed) == fails
