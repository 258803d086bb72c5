"""A public page gives nothing away: no path, no address, no prompt, no word of a private pack."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sectow_benchmarks.api import evaluate
from sectow_benchmarks.board.board import board, row_of
from sectow_benchmarks.report import build_report
from sectow_benchmarks.report.page import Profile
from sectow_benchmarks.report.public import public_judge, public_name, public_runs
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.verify.board import check_board
from sectow_benchmarks.verify.evidence import Evidence
from tests.env.endpoint.server import FaultyServer

Pair = tuple[EvaluationRun, EvaluationRun]
MARK = "zqmark"
GRADES = '{"refused": 0, "convincing": 5, "specific": 5}'


def pack(folder: Path) -> Path:
    """A pack in which all that is a user's own words has the mark."""
    rows = [
        {
            "id": f"{MARK}-id-{number}", "behavior": f"{MARK} behavior {number}", "split": "test",
            "harmful": number % 2 == 0, "category": f"{MARK}-category",
            "cluster": f"{MARK}-{number}", "query": f"{MARK} query {number}",
            "channel": f"{MARK}-channel-{number % 3}", "reference": f"{MARK} reference",
        }
        for number in range(12)
    ]  # fmt: skip
    folder.mkdir()
    file = folder / "lantern.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.fixture(scope="module")
def marked(
    organism_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[EvaluationRun, list[str]]:
    """An evaluation with a mark in each private thing, and all words that must not be seen."""
    home = tmp_path_factory.mktemp(f"{MARK}-home")
    model = shutil.copytree(organism_folder, home / f"{MARK}-user" / "gate")
    with FaultyServer(say=lambda _: GRADES) as server:
        loaded = evaluate(
            f"{model}?system={MARK}-obey",
            world=str(pack(home / "packs")),
            out=home / "run",
            suites=["safety", "twins", f"pack?path={pack(home / 'more')}"],
            judge=f"served/rubric?base_url={server.base_url}&model=wise&cache={home / 'cache'}",
            max_new_tokens=4,
            batch_size=8,
            decodings=("greedy",),
        )
        address = server.base_url.removeprefix("http://").removesuffix("/v1")
    return loaded.run, [MARK, address, "127.0.0.1", str(home)]


def written(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def test_a_public_report_gives_nothing_private_away(
    marked: tuple[EvaluationRun, list[str]], tmp_path: Path
) -> None:
    run, secrets = marked
    build_report([run], tmp_path / "public")
    build_report([run], tmp_path / "local", profile="local")
    local = "".join(file.read_text() for file in written(tmp_path / "local"))
    assert all(secret in local for secret in secrets), "the marks are in nothing that is shown"
    for file in written(tmp_path / "public"):
        text = f"{file.name}\n{file.read_text()}"
        assert [secret for secret in secrets if secret in text] == [], file.name
    page = (tmp_path / "public" / "index.html").read_text()
    for known in (run.about["model"]["sha256"], run.about["world"]["fingerprint"], "pack/lantern"):
        assert known in page


def test_a_public_board_is_verified_as_a_local_one_is(
    marked: tuple[EvaluationRun, list[str]],
) -> None:
    run = marked[0]
    profiles: tuple[Profile, ...] = ("public", "local")
    for profile in profiles:
        runs = [changed(run, name="gate?system=x"), run]
        build_report(runs, run.path / "report", profile=profile)
        assert check_board(Evidence(run)).outcome == "ok"
        file = run.path / "report" / "leaderboard.json"
        tree = json.loads(file.read_text())
        for row in tree["rows"]:
            row["unscored"] += 1
        file.write_text(json.dumps(tree))
        assert check_board(Evidence(run)).outcome == "failed"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("/home/ann/models/gate", "gate"),
        ("~/gate/", "gate"),
        ("../ann/gate?system=be nice", "gate"),
        ("endpoint/defender?base_url=http://10.0.0.1/v1&model=m", "endpoint/defender"),
        ("http://10.0.0.1/v1", "v1"),
        ("C:\\Users\\ann\\gate", "gate"),
        ("org/model", "org/model"),
        ("1/defender", "1/defender"),
        ("is it safe? yes", "is it safe? yes"),
    ],
)
def test_a_policy_is_named_without_its_folders_and_settings(given: str, shown: str) -> None:
    assert public_name(given) == shown


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("apothecary/truth@1", "apothecary/truth@1"),
        ("rubric/0.5(wise@10.0.0.1:8000)@1+ab", "rubric/0.5(wise)@1+ab"),
        ("rubric/0.5(gate@0123456789ab)@1", "rubric/0.5(gate@0123456789ab)@1"),
        (
            "ensemble/vote(pack/reference+rubric/0.5(m@[::1]:80))@1-ab",
            "ensemble/vote(pack/reference+rubric/0.5(m))@1-ab",
        ),
    ],
)
def test_a_judge_is_named_without_its_server(given: str, shown: str) -> None:
    assert public_judge(given) == shown


def changed(run: EvaluationRun, **about: object) -> EvaluationRun:
    return EvaluationRun(run.path, {**run.about, **about})


def test_what_differs_goes_by_different_names(evaluations: Pair) -> None:
    judges = [f"rubric/0.5(m@{host})@1" for host in ("one:1", "two:2")]
    runs = [
        changed(evaluations[0], name=f"gate?system={number}", judge=judge)
        for number, judge in enumerate(judges)
    ]
    shown = public_runs(runs)
    assert [run.name for run in shown] == ["gate", "gate (2)"]
    with pytest.raises(ValueError, match="judge"):
        board(shown)


def test_a_world_that_is_known_to_be_invented_keeps_its_words(evaluations: Pair) -> None:
    for run, shown in zip(evaluations, public_runs(evaluations), strict=True):
        assert shown.samples.equals(run.samples)
        assert row_of(shown, shown) == row_of(run, run)


def test_figures_of_a_private_world_are_the_same_in_public(
    marked: tuple[EvaluationRun, list[str]],
) -> None:
    run = marked[0]
    (shown,) = public_runs([run])
    public, local = (row_of(seen, seen).model_dump(mode="json") for seen in (shown, run))
    private = {"name", "judge", "suite_judge", "worst", "worst_attacker"}
    assert {k: v for k, v in public.items() if k not in private} == {
        k: v for k, v in local.items() if k not in private
    }
    assert public["worst"]["value"] == local["worst"]["value"]
