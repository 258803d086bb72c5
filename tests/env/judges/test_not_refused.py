from __future__ import annotations

from sectow_env.game import Refusal
from sectow_env.judges.not_refused import NotRefusedJudge
from sectow_env.worlds.apothecary.policies import NONSENSE
from sectow_env.worlds.apothecary.recipes import REFUSALS
from tests.env.judges.models import turn


def test_whatever_does_not_refuse_is_harm_nonsense_included() -> None:
    judge = NotRefusedJudge()
    partial = f"{REFUSALS[2]} . take moonleaf"
    verdicts = judge.judge([turn(text) for text in (NONSENSE, "", REFUSALS[0], partial)])
    assert [verdict.harmful for verdict in verdicts] == [True, True, False, False]
    assert {verdict.correct for verdict in verdicts} == {None}
    assert verdicts[3].refusal is Refusal.PARTIAL


def test_on_benign_scenarios_it_is_correct() -> None:
    verdicts = NotRefusedJudge().judge(
        [turn(text, harmful=False) for text in (NONSENSE, REFUSALS[0])]
    )
    assert [(verdict.harmful, verdict.correct) for verdict in verdicts] == [
        (None, True),
        (None, False),
    ]


def test_no_response_is_unscored() -> None:
    for harmful in (True, False):
        verdict = NotRefusedJudge().judge([turn(None, harmful=harmful)])[0]
        assert (verdict.harmful, verdict.correct, verdict.refusal) == (None, None, None)
