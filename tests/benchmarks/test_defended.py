"""A defended model, and one behind a server, are measured, attacked and trained against as any."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sectow_agents.tug_of_war import TugOfWar
from sectow_benchmarks.api import Loaded, evaluate
from sectow_benchmarks.board.board import board
from sectow_benchmarks.evaluation.policies import defender_under_test
from sectow_benchmarks.evaluation.settings import MeasureSettings
from sectow_benchmarks.studies.crossplay.play import play_all
from sectow_benchmarks.studies.crossplay.players import players_of
from sectow_benchmarks.studies.exploit.learners import Target, learners
from sectow_benchmarks.studies.exploit.play import begin, exploit
from sectow_benchmarks.verify.checks import CHECKS, verify
from sectow_env.errors import SectowError
from sectow_env.game.decoding import Decoding
from sectow_env.policies.defences import REFUSAL
from sectow_env.resolve.parts import find_defender
from tests.agents.recipes import toy
from tests.agents.tiny import llava_next
from tests.benchmarks.evaluation.foreign_pack import write_tasks
from tests.benchmarks.scripted import WORLD
from tests.env.endpoint.server import FaultyServer, Play, Received

SMALL: dict[str, Any] = {
    "suites": ["safety", "twins", "recall", "general"],
    "splits": ("test",),
    "per_cell": 1,
    "per_kind": 1,
    "limit": 4,
    "decodings": ("greedy",),
    "max_new_tokens": 4,
    "tasks": ["cows_generate"],
}
SUITES = {"safety", "twins", "general", "lm_eval/cows_generate"}


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tasks(tmp_path_factory.mktemp("foreign"))


def guarded(model: str) -> str:
    """A guard that holds back everything but refusals, so that its work is seen in every answer."""
    inside = model.replace("&", "%26")
    return f"guarded/of?model={inside}&judge=rules/not_refused&at=output"


def served(server: FaultyServer, cache: Path, **settings: Any) -> str:
    more = "".join(f"&{key}={value}" for key, value in settings.items())
    return f"endpoint/defender?base_url={server.base_url}&model=m&cache={cache}{more}"


@pytest.fixture(scope="module")
def held_back(
    organism_folder: Path, pack: Path, tmp_path_factory: pytest.TempPathFactory
) -> Loaded:
    folder, spec = tmp_path_factory.mktemp("guarded") / "run", guarded(str(organism_folder))
    return evaluate(spec, name="guard", out=folder, include=[pack], **SMALL)


def asked_once(samples: pd.DataFrame) -> int:
    """Questions that differ in more than their place in an evaluation."""
    questions = samples[samples["answered"]]
    return len(questions) - int(questions.duplicated(["query", "picture"]).sum())


def test_a_guarded_model_is_asked_everything_through_its_guard(
    held_back: Loaded, organism_folder: Path, pack: Path, tmp_path: Path
) -> None:
    samples = held_back.samples
    # The task of lm-eval cuts its answers at a full stop.
    answers = samples.loc[samples["answered"], "response"].str.rstrip(".")
    assert answers.str.endswith(REFUSAL.rstrip(".")).all()
    assert set(samples["suite"]) == {*SUITES, "recall"}
    assert (samples.loc[samples["answered"], "tokens"] > 0).all()
    bare = evaluate(organism_folder, name="bare", out=tmp_path / "bare", include=[pack], **SMALL)
    questions = ["item", "decoding", "digest"]
    assert samples[questions].equals(bare.samples[questions])
    rows = {row.name: row for row in board([bare.run, held_back.run])}
    assert (rows["bare"].track, rows["guard"].track) == ("model", "guard")
    assert rows["guard"].over_refusal.value == 1.0
    model, weights = held_back.about["model"], bare.about["model"]
    assert model["defence"] == ["guard"]
    assert (model["sha256"], model["parameters"]) == (weights["sha256"], weights["parameters"])
    assert "defence" not in weights


def test_its_evaluation_is_verified(held_back: Loaded) -> None:
    result = {check.name: check.outcome for check in verify(held_back.run)}
    assert result == {**dict.fromkeys(CHECKS, "ok"), "board": "not checked"}


def test_defences_are_listed_from_the_outside_in(organism_folder: Path) -> None:
    spec = f"prompted/of?system=obey&model={guarded(str(organism_folder)).replace('&', '%26')}"
    subject = defender_under_test(spec, WORLD, batch_size=3)
    assert subject.about()["defence"] == ["prompt", "guard"]
    assert subject.prefilled
    assert subject.chunk == 8 * 3, "the batch size reaches the weights behind the defences"


def test_a_prompted_server_is_measured_and_its_answers_are_kept(pack: Path, tmp_path: Path) -> None:
    def say(request: Received) -> str:
        return str(request.body["messages"][0]["role"])

    with FaultyServer(say=say) as server:
        inside = served(server, tmp_path / "cache.sqlite").replace("&", "%26")
        spec = f"prompted/of?model={inside}&system=obey"
        first = evaluate(spec, name="served", out=tmp_path / "one", include=[pack], **SMALL)
        count = len(server.received)
        again = evaluate(spec, name="served", out=tmp_path / "two", include=[pack], **SMALL)
        assert len(server.received) == count, "the second run was answered by the cache"
        longest = {request.body["max_tokens"] for request in server.received}
    assert longest == {4, 5}, "the suite's and the task's own decoding, not the endpoint's"
    samples = first.samples[first.samples["answered"]]
    assert set(samples["suite"]) == SUITES, "nobody asks a server to continue a beginning"
    assert set(samples["response"]) == {"system"}
    assert count == asked_once(samples)
    assert again.samples.drop(columns="run").equals(first.samples.drop(columns="run"))
    (row,) = board([first.run])
    assert row.track == "prompt"
    assert row.tokens is None
    assert first.about["model"]["source"] is None


def test_a_server_that_fails_stops_the_run_and_is_asked_the_rest(
    pack: Path, tmp_path: Path
) -> None:
    down = True

    def script(_request: Received) -> Play:
        return Play.ERROR if down and len(server.received) % 3 == 0 else Play.GOOD

    with FaultyServer(script) as server:
        spec = served(server, tmp_path / "cache.sqlite", retries=0, concurrency=1)
        given = {**SMALL, "out": tmp_path / "run", "name": "served", "include": [pack]}
        assert not defender_under_test(spec, WORLD).prefilled
        with pytest.raises(SectowError, match="--resume"):
            evaluate(spec, **given)
        assert server.answered
        down = False
        result = evaluate(spec, resume=True, **given)
    assert len(server.answered) == asked_once(result.samples), "nothing was answered twice"
    assert not result.samples["unscored"].any()


def test_both_play_against_attackers(organism_folder: Path, tmp_path: Path) -> None:
    with FaultyServer(say=lambda _: REFUSAL) as server:
        names = [guarded(str(organism_folder)), served(server, tmp_path / "cache.sqlite")]
        cast = players_of([], ["apothecary/typography"], names, None)
        settings = MeasureSettings(decodings=(), max_new_tokens=2)
        pairs = play_all(cast, WORLD, settings, tmp_path / "out")
    assert [len(set(pair.run.samples["response"])) for pair in pairs] == [1, 1]
    assert {pair.run.samples["success"].sum() for pair in pairs} == {0.0}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_it_is_exploited_as_any_other(
    organism_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = guarded(str(organism_folder))
    target = Target(
        world=WORLD,
        defender=find_defender(spec, WORLD, Decoding(True, 1.0, 2)),
        model=spec,
        warm=str(organism_folder),
        last=None,
        template="{channel} {behavior}",
        budget=8,
        batch=8,
        folder=tmp_path / "runs",
    )
    names = ("grpo-warm", "template-search", "scripted")
    chosen = {name: learners(target)[name] for name in names}
    monkeypatch.setattr("sectow_benchmarks.studies.exploit.play.learners", lambda _: chosen)
    begin(tmp_path / "out", [("defender", target)], 1)
    result = exploit([("defender", target)], [0], 1, tmp_path / "out", lambda *_: None)
    assert {best.learner for best in result.results} == set(names)
    assert not any(best.value > 0.0 for best in result.results)


@pytest.mark.slow
def test_it_is_an_opponent_as_any_other(tmp_path: Path) -> None:
    weights = llava_next(tmp_path)
    config = toy(tmp_path / "run", weights, Path("none"), seats=["attacker"],
                 defender={"model": guarded(str(weights))})  # fmt: skip
    TugOfWar(config, []).run()
    assert (tmp_path / "run" / "rounds" / "1" / "attacker").is_dir()
