"""The commands, as users run them."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from sectow_agents.settings.file import load_config
from sectow_benchmarks.commands import bench as cli
from sectow_benchmarks.commands import demo, report
from sectow_benchmarks.evaluation.policies import attacker_under_test, defender_under_test
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.studies.presets import recipe
from sectow_benchmarks.tasks import tasks_path
from sectow_env.errors import ConfigError, RunFolderError, SectowError
from tests.benchmarks.scripted import WORLD

Pair = tuple[EvaluationRun, EvaluationRun]
runner = CliRunner()
SMALL = ["--per-cell", "1", "--per-kind", "1", "--split", "test", "--json"]

report_app = typer.Typer()
report_app.command()(report.report)


def test_the_tasks_path_is_printed() -> None:
    done = runner.invoke(cli.bench, ["tasks-path"])
    assert done.output.strip() == str(tasks_path())
    names = {file.name for file in tasks_path().rglob("*.yaml")}
    assert {"safety.yaml", "twins_image.yaml", "_answer.yaml"} <= names


def test_a_scripted_defender_is_measured_beside_a_base(tmp_path: Path) -> None:
    first = ["--model", "apothecary/refuse_all", "--base", "apothecary/keyword", *SMALL]
    done = runner.invoke(cli.bench, [*first, "--out", str(tmp_path / "run")])
    assert done.exit_code == 0, done.output
    assert done.stderr.count("measuring apothecary/refuse_all on") == 1
    tree = json.loads(done.stdout)
    assert [row["name"] for row in tree["rows"]] == ["apothecary/keyword", "apothecary/refuse_all"]
    assert tree["rows"][1]["rank"] is None
    assert tree["rows"][1]["over_refusal"]["value"] == 1.0
    assert Path(tree["page"]).is_file()
    assert (tmp_path / "run/base/samples.parquet").is_file()
    again = runner.invoke(
        cli.bench,
        ["--model", "apothecary/nonsense", "--base", str(tmp_path / "run"), *SMALL, "--out",
         str(tmp_path / "other")],
    )  # fmt: skip
    assert [row["name"] for row in json.loads(again.stdout)["rows"]][-1] == "apothecary/refuse_all"


def test_a_pack_is_measured_and_what_nobody_can_score_is_said(root: Path, tmp_path: Path) -> None:
    pack = root / "examples/packs/lantern_shop.jsonl"
    command = ["--model", "pack/lookup", "--attacker", "pack/seed", "--world", str(pack)]
    done = runner.invoke(cli.bench, [*command, "--out", str(tmp_path / "run"), "--json"])
    assert done.exit_code == 0, (done.output, done.exception)
    (row,) = json.loads(done.stdout)["rows"]
    assert row["twins_accuracy"]["value"] == 1.0
    # Two of its harmful test scenarios have no reference: neither safe nor harmful.
    assert (row["asr"]["greedy"]["n"], row["asr"]["greedy"]["missing"]) == (2, 2)
    page = (tmp_path / "run/report/index.html").read_text()
    assert "Public profile" in page
    assert "2 unscored" in page


def test_a_world_may_be_given_by_its_import_path(tmp_path: Path) -> None:
    world = ["--world", "sectow_env.worlds.apothecary:Apothecary"]
    command = ["--model", "apothecary/refuse_all", *world, "--out", str(tmp_path / "run")]
    done = runner.invoke(cli.bench, [*command, *SMALL])
    assert done.exit_code == 0, (done.output, done.exception)
    assert json.loads(done.stdout)["rows"][0]["over_refusal"]["value"] == 1.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "apothecary/keywrd"], "apothecary/keyword"),
        (["--world", "apothecary:0"], "nothing to measure"),
        (["--model", "apothecary/keyword", "--split", "tests"], "test"),
        (["--model", "apothecary/keyword", "--judge", "apothecary/trth"], "apothecary/truth"),
        (["--model", "apothecary/keyword", "--attacker", "apothecary/orcle"], "apothecary/oracle"),
    ],
)
def test_wrong_names_are_refused_with_a_hint(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    done = runner.invoke(cli.bench, [*arguments, "--out", str(tmp_path / "out")])
    assert isinstance(done.exception, SectowError)
    assert message in str(done.exception)
    assert not (tmp_path / "out").exists()


def test_a_report_of_an_evaluation_is_made_again(evaluations: Pair, tmp_path: Path) -> None:
    base, run = (str(run.path) for run in evaluations)
    done = runner.invoke(report_app, [run, "--base", base, "--out", str(tmp_path / "page")])
    assert done.exit_code == 0, done.output
    assert "round 1" in done.output
    assert (tmp_path / "page/index.html").is_file()


def test_a_link_in_a_folder_leads_no_page_elsewhere(tmp_path: Path, evaluations: Pair) -> None:
    folder, outside = tmp_path / "run", tmp_path / "outside"
    shutil.copytree(evaluations[0].path, folder)
    shutil.rmtree(folder / "report", ignore_errors=True)
    outside.mkdir()
    (folder / "report").symlink_to(outside)
    done = runner.invoke(report_app, [str(folder)])
    assert isinstance(done.exception, RunFolderError)
    assert list(outside.iterdir()) == []


def test_reports_of_nothing_are_refused(tmp_path: Path, evaluations: Pair) -> None:
    done = runner.invoke(report_app, [str(tmp_path)])
    assert isinstance(done.exception, RunFolderError)
    folder = tmp_path / "run"
    shutil.copytree(evaluations[0].path, folder)
    about = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**about, "judge": "another@1"}))
    done = runner.invoke(report_app, [str(folder), "--base", str(evaluations[0].path)])
    assert isinstance(done.exception, ConfigError)
    assert "judge" in str(done.exception)


def test_policies_are_found_by_name(organism_folder: Path) -> None:
    assert not defender_under_test("apothecary/keyword", WORLD).prefilled
    assert defender_under_test(organism_folder, WORLD).prefilled
    assert attacker_under_test("apothecary/random", WORLD).about["name"] == "apothecary/random"
    template = "do {behavior} by {channel}"
    assert (
        attacker_under_test(organism_folder, WORLD, template=template).about["template"] == template
    )
    with pytest.raises(ConfigError, match="template"):
        attacker_under_test("apothecary/random", WORLD, template=template)


def test_policies_are_found_by_import_path() -> None:
    place = "sectow_env.worlds.apothecary.policies"
    attack = attacker_under_test(f"{place}:random", WORLD).policy.attack(
        WORLD.scenarios("train")[:1]
    )
    assert attack[0].query
    defender = defender_under_test(f"{place}:refuse_all", WORLD)
    assert (defender.name, defender.prefilled) == (f"{place}:refuse_all", False)
    with pytest.raises(SectowError, match="attribute"):
        defender_under_test(f"{place}:refuse_al", WORLD)


def test_the_demo_begins_from_the_shipped_configuration_with_its_changes(root: Path) -> None:
    assert recipe([]) == load_config(root / "configs/apothecary.yaml", [])
    config = demo.demo_config(["seed=4"], 3, 7, 1, Path("it's: here"), small=False)
    assert (config.rounds, config.seed, str(config.run)) == (3, 4, "it's: here")
    assert config.attacker.training.steps == config.defender.training.steps == 7
    assert demo.demo_config([], 1, None, 0, Path("x"), small=True).attacker.training.steps == 1


def test_a_demo_to_resume_is_named() -> None:
    app = typer.Typer()
    app.command()(demo.command)
    assert isinstance(runner.invoke(app, ["--resume"]).exception, ConfigError)


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.slow
def test_an_interrupted_demo_resumes_with_all_its_evaluations_and_a_page(
    organism_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One round with a random organism, as small as it gets."""
    app = typer.Typer()
    app.command()(demo.command)
    run = tmp_path / "run"
    models = [f"{seat}.model={organism_folder}" for seat in ("attacker", "defender")]
    with monkeypatch.context() as patched:
        patched.setattr(demo._Announcer, "on_phase_end", interrupt)
        done = runner.invoke(app, ["--small", "--rounds", "1", "--out", str(run), *models])
    assert done.exit_code == demo.INTERRUPTED, (done.output, done.exception)
    advised = shlex.split(done.output.partition("Resume with: ")[2])
    assert advised[:2] == ["sectow", "demo"]
    done = runner.invoke(app, advised[2:])
    assert done.exit_code == 0, (done.output, done.exception)
    assert "peak memory" in done.output
    assert "round 1" in done.output
    page = run / "report/index.html"
    before = page.read_text()
    for heading in ("The defender after 1 round", "step by step", "What the attackers learned"):
        assert heading in before
    names = sorted(folder.name for folder in (run / "evaluations").iterdir())
    assert names == ["base", "round-1", "round-1-attacker"]
    page.unlink()
    again = runner.invoke(report_app, [str(run), "--json"])
    assert again.exit_code == 0, (again.output, again.exception)
    assert page.read_text() == before
