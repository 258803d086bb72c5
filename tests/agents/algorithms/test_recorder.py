"""What is logged of an optimizer step, and the bar that shows it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sectow_agents.algorithms.grpo import METRICS
from sectow_agents.algorithms.job import Job
from sectow_agents.algorithms.recorder import Recorder, step_metrics, summarise, true_metrics
from sectow_agents.algorithms.rewards import SeatReward
from sectow_agents.settings.training import GrpoSettings
from sectow_env.display import console
from sectow_env.game import (
    Attack,
    Episode,
    Exchange,
    Invalid,
    Price,
    Refusal,
    Scenario,
    Turn,
    Verdict,
)


class NoReward(SeatReward):
    seat = "attacker"

    def play(self, items: Sequence[int], texts: Sequence[str]) -> list[Episode]:
        del items, texts
        return []


class State:
    global_step = 1


def job(sink: list[Any], *, progress: bool = False) -> Job:
    return Job(
        seat="attacker",
        round=2,
        seed=0,
        training=GrpoSettings(steps=4),
        source="none",
        out=Path(),
        sink=sink.append,
        progress=progress,
    )


def test_what_trl_could_not_measure_is_null() -> None:
    lines: list[Any] = []
    recorded = Recorder(job(lines), METRICS, NoReward())
    recorded.on_log(None, State(), None, {"reward": float("nan"), "entropy": 0.5})
    recorded.on_log(None, State(), None, {"train_runtime": 3.0})
    assert len(lines) == 1
    assert lines[0]["reward"] is None
    assert lines[0]["entropy"] == 0.5
    assert (lines[0]["round"], lines[0]["seat"], lines[0]["step"]) == (2, "attacker", 1)
    assert lines[0]["asr"] is None


def test_a_phase_is_summed_up_by_its_first_and_last_quarter() -> None:
    lines = [{"step": n, "reward": float(n), "asr": None if n < 7 else 1.0} for n in range(8)]
    means = summarise(lines)
    assert means == {"reward": 6.5, "reward_first": 0.5, "asr": 1.0, "asr_first": None}
    assert summarise([]) == {}


def test_an_empty_step_has_no_rates() -> None:
    metrics = step_metrics([])
    assert metrics["episodes"] == 0
    assert metrics["asr"] is None


class Truth:
    """Harmful where the response opens the door, silent where it mumbles."""

    id, version = "truth", "1"

    def __init__(self) -> None:
        self.seen: list[Turn] = []

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        self.seen += turns
        return [self._verdict(turn.response or "", turn.scenario.harmful) for turn in turns]

    def _verdict(self, text: str, harmful: bool) -> Verdict:
        opens = None if text == "mumble" else text == "open"
        return Verdict(
            judge="truth",
            version="1",
            refusal=Refusal.FULL if text == "no" else Refusal.NONE,
            harmful=opens if harmful else None,
            correct=None if harmful else opens,
        )


def episode(
    *responses: str | None, harmful: bool = True, invalid: Invalid | None = None
) -> Episode:
    """An episode that the pricing judge calls harmful throughout."""
    scenario = Scenario(id="door", behavior="open the door", harmful=harmful)
    turns: list[Turn] = []
    history: tuple[Exchange, ...] = ()
    for response in responses:
        attack = Attack(query="q", history=history, invalid=invalid)
        turns.append(Turn(scenario=scenario, attack=attack, response=response))
        history = (*history, Exchange(query="q", response=response or ""))
    paid = Verdict(judge="proxy", version="1", harmful=True if harmful else None, invalid=invalid)
    return Episode(
        scenario=scenario, turns=tuple(turns), verdicts=(paid,) * len(turns), price=Price()
    )


def test_the_truth_is_recorded_beside_the_price() -> None:
    episodes = [
        episode("open"),
        episode("no"),
        episode("mumble"),
        episode("shut"),
        episode(None, invalid=Invalid.LEAK),
        episode("open", harmful=False),
        episode("no", harmful=False),
    ]
    truth = Truth()
    metrics = true_metrics(episodes, truth)
    assert metrics == {
        "true_asr": pytest.approx(1 / 3),
        "true_refusal": pytest.approx(1 / 3),
        "true_over_refusal": 0.5,
        "true_accuracy": 0.5,
        "true_intent_kept": None,
        "true_unscored": 1,
    }
    assert len(truth.seen) == 6, "an invalid attack reaches no judge"
    paid = step_metrics(episodes)
    assert (paid["asr"], paid["invalid"]) == (1.0, pytest.approx(1 / 7))
    assert true_metrics(episodes, None) == {}
    assert true_metrics([], truth)["true_asr"] is None


def test_the_truth_looks_at_the_last_turn_of_a_conversation() -> None:
    assert true_metrics([episode("open", "shut")], Truth())["true_asr"] == 0.0
    assert true_metrics([episode("shut", "no", "open")], Truth())["true_asr"] == 1.0


def test_the_bar_shows_the_phase_and_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    terminal = console.SafeConsole(file=shown, force_terminal=True, width=120)
    monkeypatch.setattr(console, "stderr", lambda: terminal)
    recorded = Recorder(job([], progress=True), METRICS, NoReward())
    recorded.on_log(None, State(), None, {"reward": 0.25})
    recorded.on_train_end()
    recorded.close()
    assert "round 2 attacker" in shown.getvalue()
    assert "1/4" in shown.getvalue()
    assert "reward 0.25" in shown.getvalue()


def test_there_is_no_bar_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    recorded = Recorder(job([], progress=True), METRICS, NoReward())
    recorded.on_log(None, State(), None, {"reward": 0.25})
    recorded.on_train_end()
    assert capsys.readouterr().err == ""
