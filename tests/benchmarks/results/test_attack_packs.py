"""Frozen attack packs: what was saved is what is replayed, and damage is found."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from sectow_benchmarks.api import evaluate
from sectow_benchmarks.results.attack_packs import PARTS, AttackPack, freeze
from sectow_benchmarks.results.checksums import seal
from sectow_benchmarks.results.run import EvaluationRun
from sectow_env.errors import PackError, RunFolderError
from tests.benchmarks.scripted import WORLD, run_with_a_pool

Pair = tuple[EvaluationRun, EvaluationRun]


@pytest.fixture(scope="module")
def pack(evaluations: Pair, tmp_path_factory: pytest.TempPathFactory) -> AttackPack:
    return freeze(evaluations[0].path, tmp_path_factory.mktemp("pack") / "random")


def test_the_attacks_come_back_as_they_were(evaluations: Pair, pack: AttackPack) -> None:
    samples = evaluations[0].samples.query("suite == 'learned' and invalid == ''")
    assert len(pack.items) == samples["digest"].nunique()
    assert {item.attack.query for item in pack.items} == set(samples["query"])
    shown = {item.attack.image.sha256 for item in pack.items if item.attack.image}
    assert shown == set(samples["picture"]) - {""}
    assert all(WORLD.rules.inspect(item.scenario, item.attack) is None for item in pack.items)


def test_the_lineage_is_told(evaluations: Pair, pack: AttackPack) -> None:
    lineage = pack.about["lineage"]
    assert lineage["attacker"]["name"] == "apothecary/random"
    assert lineage["world"] == evaluations[0].about["world"]
    assert lineage["suite"] == "learned"


def test_only_what_succeeded(evaluations: Pair, tmp_path: Path) -> None:
    won = evaluations[0].samples.query("suite == 'learned' and success == 1.0")
    frozen = freeze(evaluations[0].path, tmp_path / "won", successful=True)
    assert len(frozen.items) == won["digest"].nunique() > 0


def test_the_same_attacks_give_the_same_digest(
    evaluations: Pair, pack: AttackPack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    again = freeze(evaluations[0].path, Path())
    assert again.digest == pack.digest
    assert again.about["name"] == tmp_path.name
    other = freeze(evaluations[0].path, tmp_path / "other", suite="ceiling")
    assert other.digest != pack.digest


def test_a_pool_is_frozen_too(tmp_path: Path) -> None:
    run = tmp_path / "run"
    behaviors = run_with_a_pool(run)
    frozen = freeze(run, tmp_path / "pack")
    assert {item.scenario.behavior for item in frozen.items} == behaviors
    assert frozen.about["lineage"]["seed"] == 3


def test_a_pack_is_replayed_against_any_defender(pack: AttackPack, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"suites": ["attacks"], "attacks": str(pack.path)}
    weak = evaluate("apothecary/answer_all", out=tmp_path / "weak", **settings)
    strong = evaluate("apothecary/refuse_all", out=tmp_path / "strong", **settings)
    rates = [
        run.figures.query("figure == 'attacks' and decoding == 'greedy'").iloc[0]
        for run in (weak, strong)
    ]
    assert [rate["value"] for rate in rates] == [1.0, 0.0]
    assert [rate["n"] for rate in rates] == [len(pack.items)] * 2
    assert weak.about["attacks"]["attacks_sha256"] == pack.digest
    assert set(weak.samples["suite"]) == {"attacks"}


def test_another_pack_is_not_gone_on_with(
    pack: AttackPack, evaluations: Pair, tmp_path: Path
) -> None:
    copy = tmp_path / "pack"
    shutil.copytree(pack.path, copy)
    settings: dict[str, Any] = {
        "suites": ["attacks"],
        "attacks": str(copy),
        "out": tmp_path / "run",
    }
    evaluate("apothecary/refuse_all", **settings)
    shutil.rmtree(copy)
    freeze(evaluations[0].path, copy, suite="ceiling")
    with pytest.raises(RunFolderError, match="attacks"):
        evaluate("apothecary/refuse_all", resume=True, **settings)


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(bytes(data))


@pytest.mark.parametrize("name", ["pack.json", "attacks.jsonl", "pictures", "SHA256SUMS"])
def test_a_damaged_pack_is_refused(pack: AttackPack, tmp_path: Path, name: str) -> None:
    copy = Path(shutil.copytree(pack.path, tmp_path / "copy"))
    file = next((copy / name).glob("*.png")) if name == "pictures" else copy / name
    flip(file)
    with pytest.raises(PackError):
        AttackPack.read(copy)


def test_another_picture_under_the_name_of_one_is_refused(pack: AttackPack, tmp_path: Path) -> None:
    """Sealed again, as one who cheats would: the name is the digest of the pixels."""
    copy = Path(shutil.copytree(pack.path, tmp_path / "copy"))
    first, other = sorted((copy / "pictures").glob("*.png"))[:2]
    first.write_bytes(other.read_bytes())
    seal(copy, PARTS)
    with pytest.raises(PackError, match="another one"):
        AttackPack.read(copy)


def test_what_cannot_be_frozen_is_told(evaluations: Pair, tmp_path: Path) -> None:
    with pytest.raises(PackError, match="none that counts"):
        freeze(evaluations[0].path, tmp_path / "none", suite="recalled")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("")
    with pytest.raises(RunFolderError, match="not empty"):
        freeze(evaluations[0].path, tmp_path / "full")
    with pytest.raises(PackError, match="cannot be read"):
        AttackPack.read(tmp_path / "nowhere")
