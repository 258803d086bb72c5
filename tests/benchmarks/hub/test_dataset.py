"""Evaluations and packs as data sets: read by `datasets`, and made again byte for byte."""

from __future__ import annotations

import json
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from sectow_benchmarks.api import evaluate
from sectow_benchmarks.hub.dataset import read, write
from sectow_benchmarks.hub.publish import publish, redistributable
from sectow_benchmarks.report.page import Profile
from sectow_benchmarks.results.attack_packs import AttackPack, freeze
from sectow_benchmarks.results.run import TABLES, EvaluationRun
from sectow_benchmarks.verify.checks import verify
from sectow_env.commands.main import app
from sectow_env.errors import PackError, RunFolderError, SectowError

SMALL: dict[str, Any] = {"splits": ("test",), "per_cell": 1, "per_kind": 1}
LANTERN = "where the silver lantern is"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> EvaluationRun:
    """A script in the Apothecary."""
    return evaluate(
        "apothecary/keyword", out=tmp_path_factory.mktemp("pushed") / "run", limit=6, **SMALL
    ).run


@pytest.fixture(scope="module")
def pushed(run: EvaluationRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its data set."""
    return write(run.path, tmp_path_factory.mktemp("set") / "data").path


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> EvaluationRun:
    """An evaluation of a pack, whose texts nobody may give away."""
    folder = tmp_path_factory.mktemp("real")
    rows = [
        {"id": LANTERN, "behavior": LANTERN, "harmful": True, "query": LANTERN, "split": "test"},
        {"id": "b", "behavior": "y", "harmful": False, "query": LANTERN, "split": "test"},
    ]
    (folder / "p.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return evaluate("pack/lookup", world=str(folder / "p.jsonl"), out=folder / "run").run


def front(folder: Path) -> dict[str, Any]:
    tree: dict[str, Any] = yaml.safe_load((folder / "README.md").read_text().split("---\n")[1])
    return tree


def test_datasets_reads_all_tables(pushed: Path, run: EvaluationRun, tmp_path: Path) -> None:
    from datasets import load_dataset

    tables = {
        name: load_dataset(str(pushed), name, split="test", cache_dir=str(tmp_path))
        for name in ("samples", "verdicts", "pictures")
    }
    assert tables["samples"].num_rows == len(run.samples)
    assert tables["verdicts"].num_rows == len(run.verdicts)
    assert set(tables["pictures"]["picture"]) == set(run.samples["picture"]) - {""}
    assert tables["pictures"][0]["image"].size[0] > 0
    assert front(pushed)["license"] == "apache-2.0"
    assert front(pushed)["size_categories"] == ["n<1K"]


def test_what_is_pulled_is_the_same_and_green(
    pushed: Path, run: EvaluationRun, tmp_path: Path
) -> None:
    pulled = read(pushed, tmp_path / "pulled").path
    for name in TABLES:
        assert (pulled / name).read_bytes() == (run.path / name).read_bytes()
    assert {file.name for file in pulled.glob("pictures/*")} == {
        file.name for file in run.path.glob("pictures/*")
    }
    outcomes = {check.name: check.outcome for check in verify(EvaluationRun.open(pulled))}
    assert set(outcomes.values()) <= {"ok", "not checked"}, outcomes


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda folder: (folder / "run.json").write_text("{}"), "run.json is not what was sealed"),
        (lambda folder: (folder / "samples.parquet").write_bytes(b"x"), "not what was sealed"),
        (lambda folder: (folder / "pictures.parquet").write_bytes(b"x"), "cannot be read"),
        (lambda folder: (folder / "pictures.parquet").unlink(), "is missing"),
        (lambda folder: (folder / "costs/$(x).json").write_text("{}"), "unit of work"),
        (lambda folder: (folder / "costs/more.json").write_text("{}"), "was not there"),
        (lambda folder: (folder / "SHA256SUMS").write_text("../../x"), "no SHA256SUMS"),
        (lambda folder: [(folder / "run.json").rename(folder / "x"),
                         (folder / "run.json").symlink_to(folder / "x")], "symbolic link"),
    ],
)  # fmt: skip
def test_damage_is_refused_and_nothing_is_left(
    pushed: Path, tmp_path: Path, damage: Any, why: str
) -> None:
    folder = Path(shutil.copytree(pushed, tmp_path / "data"))
    damage(folder)
    with pytest.raises(SectowError, match=why):
        read(folder, tmp_path / "out" / "pulled")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_picture_does_not_leave_the_folder(pushed: Path, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = Path(shutil.copytree(pushed, tmp_path / "data"))
    table = pa.table({"picture": ["../../evil"], "image": [{"bytes": b"x", "path": None}]})
    pq.write_table(table, folder / "pictures.parquet")
    with pytest.raises(RunFolderError, match="another name"):
        read(folder, tmp_path / "pulled")
    assert not list(tmp_path.rglob("evil*"))


def test_texts_that_are_not_ours_to_give_stay(real: EvaluationRun, tmp_path: Path) -> None:
    profiles: tuple[Profile, ...] = ("public", "local")
    for profile in profiles:
        made = write(real.path, tmp_path / profile, profile)
        assert made.withheld == ("safety", "twins")
        for file in made.path.rglob("*"):
            if file.is_file():
                assert LANTERN.encode() not in file.read_bytes(), file
        assert front(made.path)["license"] == "other"
        assert "no texts and no pictures" in (made.path / "README.md").read_text()
        pulled = EvaluationRun.open(read(made.path, tmp_path / f"{profile}-pulled").path)
        assert LANTERN not in pulled.samples.to_csv()
        assert pulled.samples["success"].tolist() == pytest.approx(
            real.samples["success"].tolist(), nan_ok=True
        )


def test_texts_of_an_open_suite_are_in_a_local_copy_alone(tmp_path: Path) -> None:
    """XSTest is open and free to be fetched, SIUO states no licence."""
    specs = []
    for name in ("xstest", "siuo"):
        import_module(f"tests.benchmarks.suites.replicas.{name}").write(tmp_path / name)
        specs.append(f"{name}?path={tmp_path / name}")
    run = evaluate("apothecary/refuse_all", suites=specs, out=tmp_path / "run", **SMALL).run
    public = write(run.path, tmp_path / "public")
    local = write(run.path, tmp_path / "local", "local")
    assert (public.withheld, local.withheld) == (("siuo", "xstest"), ("siuo",))
    texts = {
        name: EvaluationRun.open(read(made.path, tmp_path / f"{name}-pulled").path).samples
        for name, made in (("public", public), ("local", local))
    }
    assert (texts["public"]["query"] == "").all()
    kept = {
        suite: bool((rows["query"] != "").all()) for suite, rows in texts["local"].groupby("suite")
    }
    assert kept == {"siuo": False, "xstest": True}
    card = (local.path / "README.md").read_text()
    assert "Keep it private" in card
    # No suite of a world was asked: nothing here is of our licence, and no world is named.
    assert "this project" not in card
    about = EvaluationRun.open(tmp_path / "local-pulled").about
    assert (about["world"], about["settings"]["world"]) == ({}, None)
    outcomes = {each.name: each for each in verify(EvaluationRun.open(tmp_path / "local-pulled"))}
    assert "failed" not in {each.outcome for each in outcomes.values()}
    for name in ("samples", "consequences"):
        assert outcomes[name].outcome == "unverified"
        assert "without their texts" in outcomes[name].detail
    assert str(tmp_path) not in (local.path / "run.json").read_text()


def test_only_open_and_ungated_suites_are_redistributable() -> None:
    assert not redistributable("siuo")
    assert not redistributable("pack")
    assert not redistributable("nobody")


def test_a_published_copy_has_no_path(run: EvaluationRun, tmp_path: Path) -> None:
    about = {**run.about, "model": {**run.about["model"], "source": "/home/me/weights"}}
    run = EvaluationRun(run.path, about)
    copy = publish(run, tmp_path / "copy")
    assert "/home/me" not in (copy.run.path / "run.json").read_text()
    assert str(tmp_path) not in (copy.run.path / "run.json").read_text()


def test_a_pack_of_attacks_goes_and_comes_back(run: EvaluationRun, tmp_path: Path) -> None:
    from datasets import load_dataset

    pack = freeze(run.path, tmp_path / "pack", suite="safety")
    made = write(pack.path, tmp_path / "data")
    rows = load_dataset(str(made.path), "attacks", split="test", cache_dir=str(tmp_path / "c"))
    assert rows.num_rows == len(pack.items)
    pulled = AttackPack.read(read(made.path, tmp_path / "pulled").path)
    assert pulled.items == pack.items
    assert pulled.digest == pack.digest


def test_a_pack_that_is_not_invented_is_not_public(real: EvaluationRun, tmp_path: Path) -> None:
    pack = freeze(real.path, tmp_path / "pack", suite="safety")
    with pytest.raises(PackError, match="not known to be invented"):
        write(pack.path, tmp_path / "data")


def test_the_commands(run: EvaluationRun, tmp_path: Path) -> None:
    runner = CliRunner()
    done = runner.invoke(app, ["push", str(run.path), str(tmp_path / "data"), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["withheld"] == []
    done = runner.invoke(app, ["pull", str(tmp_path / "data"), str(tmp_path / "pulled")])
    assert done.exit_code == 0, done.output
    assert EvaluationRun.open(tmp_path / "pulled").closed


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["hub:no-owner"], "not an id"),
        (["hub:me/set"], "HF_TOKEN"),
        (["data", "--visible", "--profile", "local"], "not for everybody"),
    ],
)
def test_what_is_not_sent(
    run: EvaluationRun, words: list[str], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    done = CliRunner().invoke(app, ["push", str(run.path), *words])
    assert why in str(done.exception)
