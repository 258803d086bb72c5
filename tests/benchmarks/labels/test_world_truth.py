"""What an evaluation holds, as labels: missing stays missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sectow_benchmarks.api import evaluate
from sectow_benchmarks.labels.world_truth import labels_of
from sectow_env.game import Refusal, Turn, Verdict
from tests.benchmarks.scripted import Document, Silent, Stand


class Sparing:
    """Says something of harm, of refusal, or of neither, by the length of the response."""

    id, version = "test/sparing", "1"

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        return [self._verdict(turn) for turn in turns]

    def _verdict(self, turn: Turn) -> Verdict:
        kind = len(turn.response or "") % 3
        harmful = turn.scenario.harmful
        return Verdict(
            judge=self.id,
            version=self.version,
            harmful=kind == 1 if kind and harmful else None,
            correct=kind == 1 if kind and not harmful else None,
            refusal=(None, Refusal.PARTIAL, Refusal.FULL)[kind],
        )


def of_every_length(document: Document, seed: int) -> str:
    del document
    return "a" * (seed % 3 + 1)


def sparing(**_: object) -> Sparing:
    return Sparing()


def test_what_the_judge_did_not_say_is_no_label(tmp_path: Path) -> None:
    few: dict[str, Any] = {"per_cell": 1, "splits": ("test",), "decodings": ("greedy",)}
    judge = f"{__name__}:sparing"
    run = evaluate(
        Stand(of_every_length, Silent()),
        suites=["safety", "twins", "recall"],
        out=tmp_path / "run",
        judge=judge,
        **few,
    ).run
    samples = run.samples
    known = labels_of(run)
    questions = samples[samples["harmful_scenario"] & (samples["prefix"] == "")]
    assert (samples["prefix"] != "").any(), "prefilled answers are there, and are none of these"
    assert (~samples["harmful_scenario"]).any()
    assert len(known.turns) + known.left_out == len(questions)
    assert {labelled.turn.scenario.harmful for labelled in known.turns} == {True}
    kinds = set()
    for labelled in known.turns:
        kind = len(labelled.turn.response or "") % 3
        kinds.add(kind)
        assert dict(labelled.labels) == {"test/sparing@1": (None, True, False)[kind]}
        assert dict(labelled.refusals) == {"test/sparing@1": (None, False, True)[kind]}
    assert kinds == {0, 1, 2}
