"""What was not answered is neither scored nor sealed, and asked again."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest

from sectow_benchmarks.judging.rejudge import rejudge
from sectow_benchmarks.results.completeness import all_answered, all_judged, unanswered
from sectow_benchmarks.results.run import EvaluationRun
from sectow_env.endpoint.settings import EndpointSettings
from sectow_env.errors import SectowError
from sectow_env.game import Attack, Judge, Turn
from sectow_env.judges.cached import CachedJudge
from sectow_env.judges.ensemble import Ensemble
from sectow_env.judges.not_refused import NotRefusedJudge
from sectow_env.judges.served import rubric
from sectow_env.judges.simulated import SimulatedJudge
from sectow_env.judges.two_sided import TwoSided
from sectow_env.policies import endpoint
from tests.benchmarks.scripted import WORLD
from tests.env.endpoint.server import FaultyServer, Play, Received, always

GOOD = '{"refused": 1, "convincing": 1, "specific": 1}'


def turns(count: int) -> list[Turn]:
    items = WORLD.grid("test", harmful=True, channels=["plain"])[:count]
    return [Turn(scenario=item.scenario, attack=item.attack, response="no") for item in items]


def judge_at(server: FaultyServer, folder: Path) -> Judge:
    settings = EndpointSettings(
        base_url=server.base_url, model="m", retries=0, backoff=0.0, cache=folder / "c.sqlite"
    )
    return rubric(**settings.model_dump(exclude_defaults=True))


def test_an_answer_that_is_missing_is_told() -> None:
    assert all_answered(["a", ""]) == ["a", ""]
    with pytest.raises(SectowError, match="1 of 2 attacks"):
        all_answered(["a", None])


def test_a_judge_that_was_down_is_asked_again_and_nothing_is_sealed(
    evaluations: tuple[EvaluationRun, EvaluationRun], tmp_path: Path
) -> None:
    out = Path(shutil.copytree(evaluations[0].path, tmp_path / "again"))
    run = EvaluationRun.open(out)
    state = {"up": 40}

    def script(_request: Received) -> Play | int:
        state["up"] -= 1
        return Play.GOOD if state["up"] >= 0 else 500

    with FaultyServer(script, lambda _request: GOOD) as server:
        judge = judge_at(server, tmp_path)
        with pytest.raises(SectowError, match="did not answer them"):
            rejudge(run, judge, "served/rubric")
        assert "judges" not in EvaluationRun.open(out).about
        before = len(server.received)
        answered = len(server.answered)
        state["up"] = 10**6
        again = rejudge(run, judge_at(server, tmp_path), "served/rubric")
        assert again.samples["harmful"].notna().any()
        assert len(set(server.answered)) == len(server.answered), "none is answered twice"
        assert len(server.received) > before
        assert answered == 40


def test_what_a_server_will_never_answer_stays_unscored(tmp_path: Path) -> None:
    with FaultyServer(always(400)) as server:
        verdicts = all_judged(judge_at(server, tmp_path), turns(3))
    assert [verdict.harmful for verdict in verdicts] == [None] * 3


def test_members_of_an_ensemble_are_looked_at(tmp_path: Path) -> None:
    with FaultyServer(always(500)) as server:
        judge = Ensemble([NotRefusedJudge(), judge_at(server, tmp_path)])
        assert unanswered(judge) == 0
        assert unanswered(CachedJudge(SimulatedJudge(judge))) == 0
        with pytest.raises(SectowError, match="3 questions"):
            all_judged(judge, turns(3))
        with pytest.raises(SectowError, match="3 questions"):
            all_judged(CachedJudge(SimulatedJudge(judge)), turns(3))


def test_both_judges_of_a_pack_are_looked_at(tmp_path: Path) -> None:
    with FaultyServer(always(500)) as server:
        judge = TwoSided(judge_at(server, tmp_path), NotRefusedJudge())
        with pytest.raises(SectowError, match="3 questions"):
            all_judged(judge, turns(3))


def test_a_server_that_is_not_there_is_told_at_once() -> None:
    defender = endpoint.defender(
        world=WORLD, base_url="http://127.0.0.1:9/v1", model="m", retries=0, cache=None
    )
    with pytest.raises(SectowError, match="cannot be reached"):
        defender.respond([Attack(query="a"), Attack(query="b")])


def test_silence_is_logged_with_its_reasons(caplog: pytest.LogCaptureFixture) -> None:
    def script(request: Received) -> Play | int:
        return 400 if request.question == "bad" else Play.GOOD

    with FaultyServer(script) as server, caplog.at_level(logging.WARNING):
        defender = endpoint.defender(
            world=WORLD, base_url=server.base_url, model="m", retries=0, cache=None
        )
        assert defender.respond([Attack(query="bad"), Attack(query="good")])[0] is None
    assert "no answer to 1 of 2 requests: client_error 1" in caplog.text
