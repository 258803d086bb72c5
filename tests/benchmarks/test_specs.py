"""One string names a policy at every entrance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from typer.testing import CliRunner

from sectow_agents.run.run import Run
from sectow_agents.tug_of_war import TugOfWar
from sectow_benchmarks.api import evaluate, plan
from sectow_benchmarks.commands.bench import bench
from sectow_benchmarks.evaluation.settings import MeasureSettings
from sectow_benchmarks.report.public import public_name
from sectow_benchmarks.studies.crossplay.play import play_all
from sectow_benchmarks.studies.crossplay.players import players_of
from sectow_benchmarks.studies.exploit.command import _Options, _target
from sectow_benchmarks.studies.exploit.learners import described
from sectow_env.check.targets import find
from sectow_env.env.spaces import NO_IMAGE
from sectow_env.errors import ConfigError
from sectow_env.game import ask_defender
from sectow_env.resolve.policies import short_name
from tests.agents.judges.tiny_guards import text_guard
from tests.agents.recipes import TEMPLATE, toy
from tests.benchmarks.scripted import WORLD
from tests.env.endpoint.server import FaultyServer

NAMES = {
    "registered": "apothecary/keyword",
    "model": "transformers/defender?path={folder}&max_new_tokens=4&system=be brief",
    "folder": "{folder}",
    "prompted folder": "{folder}?system=be brief",
    "import path": "sectow_env.worlds.apothecary.policies:refuse_all",
}
TINY: dict[str, Any] = {"per_cell": 1, "limit": 1, "suites": ["safety"], "decodings": ("greedy",)}
runner = CliRunner()


@pytest.fixture(params=list(NAMES))
def spec(request: pytest.FixtureRequest, organism_folder: Path) -> str:
    return NAMES[request.param].format(folder=organism_folder)


def test_it_plays_in_gym(spec: str) -> None:
    env = gym.make("SecTOW-v0", defender=spec)
    env.reset(seed=0)
    attack = WORLD.grid("train", harmful=True, channels=["plain"])[0].attack
    *_, info = env.step({"image": NO_IMAGE, "query": attack.query})
    assert "rewards" in info
    env.close()


def test_it_defends_while_an_attacker_trains(
    spec: str, organism_folder: Path, tmp_path: Path
) -> None:
    training = {"steps": 1, "batch": 4, "group": 2, "max_new_tokens": 3}
    config = toy(
        tmp_path / "run",
        organism_folder,
        organism_folder,
        world="apothecary:0",
        seats=["attacker"],
        attacker={"model": str(organism_folder), "template": TEMPLATE, "training": training},
        defender={"model": spec, "training": training},
        monitor={"benign": 2, "scenarios": 2},
        pool={"per_scenario": 0},
    )
    summary = TugOfWar(config).run()
    assert len(summary.phases) == 1
    with Run(config, resume=True) as run:
        defender = run.defender(run.base("defender"), 0)
        assert getattr(defender, "system", None) == ("be brief" if "system" in spec else None)


def test_it_is_measured(spec: str, tmp_path: Path) -> None:
    result = evaluate(spec, out=tmp_path / "run", **TINY)
    assert len(result.samples) > 0
    # A prompt in the spec is one on the board too.
    assert result.about["settings"]["system"] == ("be brief" if "system" in spec else None)


def test_it_is_known_to_the_command(spec: str) -> None:
    done = runner.invoke(bench, ["--model", spec, "--world", "0", "--dry-run", "--per-cell", "1"])
    assert done.exit_code == 0, (done.output, done.exception)


def test_it_plays_in_cross_play(spec: str, tmp_path: Path) -> None:
    players = players_of([], ["apothecary/random"], [spec], None)
    settings = MeasureSettings(max_new_tokens=3, decodings=())
    (pair,) = play_all(players, WORLD, settings, tmp_path, batch_size=64)
    known = short_name(spec) if Path(spec).is_dir() else public_name(spec)
    assert pair.run.about["model"]["name"] == known


def test_it_is_exploited(spec: str, organism_folder: Path, tmp_path: Path) -> None:
    options = _Options(WORLD, str(organism_folder), None, 8, 8, tmp_path)
    target = _target(options, spec, "defender")
    attack = WORLD.grid("train", harmful=True)[0].attack
    assert ask_defender(target.defender, [attack], [0])[0] is not None
    assert getattr(target.defender, "system", None) == ("be brief" if "system" in spec else None)
    # What was found against a prompted model is not what was found against the bare one.
    assert ("be brief" in str(described(target)["model"])) == ("system" in spec)


def test_it_is_checked(spec: str) -> None:
    (part,) = find(spec, "apothecary:0", "defender", 0, {})
    subject = part.build()
    assert subject.part.respond([WORLD.grid("train", harmful=True)[0].attack])[0] is not None


def test_a_system_prompt_is_taken_or_refused_never_ignored(
    organism_folder: Path, tmp_path: Path
) -> None:
    for script in ("apothecary/keyword", NAMES["import path"]):
        with pytest.raises(ConfigError, match="cannot take a system prompt"):
            evaluate(script, out=tmp_path / "none", system="be brief", **TINY)
        with pytest.raises(ConfigError, match="cannot take a system prompt"):
            plan(script, world="apothecary:0", system="be brief")
    assert not (tmp_path / "none").exists()
    with FaultyServer() as server:
        spec = f"endpoint/defender?base_url={server.base_url}&model=m"
        result = evaluate(spec, out=tmp_path / "run", system="be brief", **TINY)
    assert result.about["settings"]["system"] == "be brief"
    roles = [
        [message["role"] for message in request.body["messages"]] for request in server.received
    ]
    assert roles == [["system", "user"]] * len(result.samples)
    with pytest.raises(ConfigError, match="system prompt already"):
        evaluate(f"{organism_folder}?system=one", out=tmp_path / "two", system="two", **TINY)


def test_a_model_that_sees_nothing_is_not_asked_halfway(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"on apothecary.*this model sees none"):
        evaluate(str(text_guard(tmp_path / "blind")), out=tmp_path / "run", **TINY)
    assert not (tmp_path / "run").exists()
