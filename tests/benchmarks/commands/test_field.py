"""Several models on suites of the field: one command, one report, and nothing of a world."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from sectow_benchmarks.api import evaluate, plan
from sectow_benchmarks.board.entry import Board
from sectow_benchmarks.commands import bench as cli
from sectow_benchmarks.commands import report
from sectow_benchmarks.commands.models import Request
from sectow_benchmarks.evaluation.ground import BUILT_IN, defended, home_of
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.suites.source import DATA_VARIABLE
from sectow_benchmarks.verify.checks import verify
from sectow_env.errors import ConfigError, SectowError
from sectow_env.registry.spec import parse_spec
from tests.benchmarks.suites.replicas.files import write_json
from tests.env.endpoint.server import FaultyServer
from tests.terminal import in_terminal, sectow

SUITES = ("siuo", "xstest", "mmstar")
MODELS = ("apothecary/refuse_all", "apothecary/answer_all")
runner = CliRunner()
report_app = typer.Typer()
report_app.command()(report.report)


def broken(**_: Any) -> None:
    """A model whose weights are torn."""
    raise ConfigError(given="the weights", why="they are torn", fix="get them again")


BROKEN = f"{__name__}:broken"


@pytest.fixture(scope="module", autouse=True)
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Replicas of three suites, where suites are looked for."""
    home = tmp_path_factory.mktemp("data")
    for name in SUITES:
        import_module(f"tests.benchmarks.suites.replicas.{name}").write(home / name)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(DATA_VARIABLE, str(home))
        yield home


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models and one that cannot be loaded."""
    folder = tmp_path_factory.mktemp("field") / "run"
    given = [word for model in (*MODELS, BROKEN) for word in ("--model", model)]
    done = runner.invoke(
        cli.bench, [*given, "--suites", ",".join(SUITES), "--out", str(folder), "--json"]
    )
    assert done.exit_code == cli.FAILED, (done.output, done.exception)
    assert "they are torn; get them again" in done.stderr, "which failed, and why"
    assert [row["name"] for row in json.loads(done.stdout)["rows"]] == list(MODELS)[::-1]
    return folder


def test_a_base_that_is_one_of_the_models_is_measured_once(tmp_path: Path) -> None:
    given = [word for model in MODELS for word in ("--model", model)]
    base = ["--base", MODELS[1], "--suites", "xstest", "--out", str(tmp_path / "run")]
    done = runner.invoke(cli.bench, [*given, *base, "--json"])
    assert done.exit_code == 0, done.output
    tree = json.loads(done.stdout)
    rows = {row["name"]: row["base"] for row in tree["rows"]}
    assert rows == {MODELS[1]: None, MODELS[0]: MODELS[1]}
    assert not (tmp_path / "run" / "base").exists()
    assert "Before and after" in Path(tree["page"]).read_text()


def test_two_models_without_a_base_are_no_before_and_after(out: Path) -> None:
    page = (out / "report" / "index.html").read_text()
    assert "2 models on 3 suites" in page
    assert "Before and after" not in page
    assert "By keyword rules alone: the ASR on siuo, xstest" in page


def test_each_model_has_an_evaluation_without_a_world(out: Path) -> None:
    for model in MODELS:
        about = EvaluationRun.open(out / model.replace("/", "-")).about
        assert (about["world"], about["judge"]) == ({}, "")
        assert about["suites"] == dict.fromkeys(SUITES, 1)
        assert about["settings"]["world"] is None
    text = (out / "report/leaderboard.md").read_text()
    assert "potion" not in text
    assert "World" not in text
    assert "worst suite" in text


def test_its_samples_are_verified(out: Path) -> None:
    outcomes = {
        check.name: check.outcome for check in verify(EvaluationRun.open(next(out.glob("apo*"))))
    }
    assert set(outcomes.values()) <= {"ok", "not checked"}, outcomes


def test_the_board_names_suites_judges_and_reasons(out: Path) -> None:
    board = Board.model_validate_json((out / "report/leaderboard.json").read_text())
    first, last = board.rows
    assert (first.rank, first.rank_interval, first.world, first.split) == (1, (1, 1), None, None)
    assert first.worst is not None
    assert (first.worst.where, first.worst.value) == ("siuo", 1.0)
    assert first.suites == SUITES[:1] + SUITES[1:]
    assert set(first.suite_judge) == set(SUITES)
    assert last.not_ranked_because == ("over-refusal on xstest 1.000 > 0.10",)
    assert last.capability.n == first.capability.n == 4


def test_a_report_is_made_of_what_was_measured_before_or_later(out: Path, tmp_path: Path) -> None:
    before = json.loads((out / "report/leaderboard.json").read_text())
    # What it sets is the longest answer to a world's suites, of which none was asked.
    longer: dict[str, Any] = {"suites": SUITES, "max_new_tokens": 99}
    later = evaluate("apothecary/keyword", out=tmp_path / "later", **longer).run.path
    done = runner.invoke(
        report_app, [str(out), str(later), "--out", str(tmp_path / "page"), "--json"]
    )
    assert done.exit_code == 0, (done.output, done.exception)
    rows = {row["name"]: row for row in json.loads(done.stdout)["rows"]}
    assert set(rows) == {*MODELS, "apothecary/keyword"}
    assert rows["apothecary/keyword"]["rank_interval"] == [1, 2], "both give everything here"
    for row in before["rows"]:
        assert rows[row["name"]]["asr"] == row["asr"]
    base = ["--base", str(later), "--out", str(tmp_path / "based"), "--json"]
    done = runner.invoke(report_app, [str(out), *base])
    rows = {row["name"]: row for row in json.loads(done.stdout)["rows"]}
    assert {row["base"] for row in rows.values()} == {None, "apothecary/keyword"}
    assert isinstance(runner.invoke(report_app, [str(out), str(later)]).exception, ConfigError)


def test_other_suites_are_another_table_and_are_not_ranked_together(
    out: Path, data: Path, tmp_path: Path
) -> None:
    folder = next(out.glob("apothecary-answer*"))
    fewer = evaluate("apothecary/keyword", suites=["xstest", "mmstar"], out=tmp_path / "fewer").run
    done = runner.invoke(
        report_app, [str(folder), str(fewer.path), "--out", str(tmp_path / "page"), "--json"]
    )
    ranks = {row["name"]: row["rank"] for row in json.loads(done.stdout)["rows"]}
    assert ranks == {"apothecary/answer_all": 1, "apothecary/keyword": 1}
    text = (tmp_path / "page/leaderboard.md").read_text()
    assert "## Board (2 of 2)" in text
    file = data / "siuo/siuo_gen.json"
    kept = file.read_text()
    write_json(file, json.loads(kept)[:2], None)
    try:
        other = evaluate("apothecary/keyword", suites=SUITES, out=tmp_path / "other").run
    finally:
        file.write_text(kept)
    done = runner.invoke(
        report_app, [str(folder), str(other.path), "--out", str(tmp_path / "none")]
    )
    assert isinstance(done.exception, ConfigError)
    assert "items of siuo, greedy" in str(done.exception), "rows that share no items"


def test_a_defence_is_measured_beside_the_bare_model(tmp_path: Path) -> None:
    with FaultyServer() as server:
        model = f"endpoint/defender?base_url={server.base_url}&model=m"
        given = ["--model", model, "--defence", "prompted/of?system=be careful"]
        done = runner.invoke(
            cli.bench, [*given, "--suites", "siuo,xstest", "--out", str(tmp_path / "run"), "--json"]
        )
    assert done.exit_code == 0, (done.output, done.exception)
    rows = {row["track"]: row for row in json.loads(done.stdout)["rows"]}
    assert rows["prompt"]["base"] == rows["model"]["name"]
    assert rows["model"]["base"] is None
    assert "127.0.0.1" not in rows["prompt"]["name"]


def test_a_board_fits_a_terminal_of_80_columns(out: Path, tmp_path: Path) -> None:
    command = sectow("report", str(out), "--all-columns", "--out", str(tmp_path / "page"))
    shown = in_terminal(command, 80)
    assert shown.code == 0, shown.text
    assert shown.too_wide(80) == []
    for head in ("worst suite", "Safety", "siuo, sampled", "Over-refusal", "Cost", "not ranked:"):
        assert head in shown.text


def test_a_model_of_ones_own_is_asked_the_quick_suites(
    tmp_path: Path, organism_folder: Path
) -> None:
    for given in ("apothecary/keyword", "organism/defender", object()):
        assert home_of(given) == BUILT_IN
    assert home_of("prompted/of?model=organism/defender&system=x") == BUILT_IN
    for given in ("owner/model", "endpoint/defender?base_url=http://x&model=m", organism_folder):
        assert home_of(given) is None
    checkpoint = tmp_path / "run/rounds/1/defender"
    checkpoint.mkdir(parents=True)
    (checkpoint / "config.json").write_text("{}")
    assert home_of(str(checkpoint)) is None
    (tmp_path / "run/run.json").write_text(json.dumps({"world": {"id": "apothecary-1:0"}}))
    assert home_of(str(checkpoint)) == BUILT_IN
    with pytest.raises(SectowError, match="strongreject"):
        plan(str(organism_folder))


def test_a_defence_takes_a_spec_of_any_form() -> None:
    model = "endpoint/defender?base_url=http://x/v1&model=a%26b"
    spec = parse_spec(defended(model, "guarded/of?judge=rules/refusal"))
    assert spec == ("guarded/of", {"model": model, "judge": "rules/refusal"})


def test_names_that_cannot_be_told_apart_are_refused(tmp_path: Path) -> None:
    request = Request(["a/b", "a-b"], [], None, None, tmp_path, {})
    with pytest.raises(ConfigError, match="told apart"):
        request.subjects()
    with pytest.raises(ConfigError, match="one row"):
        request._replace(models=["a", "b"], name="x").subjects()


def test_an_unknown_group_of_columns_is_named(out: Path) -> None:
    done = runner.invoke(report_app, [str(out), "--columns", "safty"])
    assert "safety" in str(done.exception)
