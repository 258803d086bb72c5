"""Checks of judges: the rules of verdicts."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from sectow_env.check.compare import shown
from sectow_env.check.fault import blamed
from sectow_env.check.material import invalid_turns, items_of, turns_of, unanswered_turns
from sectow_env.check.part import PartSubject, Verb
from sectow_env.game import Judge, Turn, Verdict, settle
from sectow_env.game.rewards import TugOfWarReward
from sectow_env.game.world import CompletesJudges, Item, World
from sectow_env.judges.four_cases import four_cases

VERB = Verb(method="judge", answer="verdict", types=(Verdict,))


def judge_subject(
    name: str, judge: Judge, world: World, seed: int, items: Sequence[Item] = ()
) -> PartSubject:
    """A judge under check, with turns of a world, by default on attacks of its grid.

    Raises:
        Skip: The grid is empty.
    """
    turns = turns_of(items or items_of(world, seed), seed)
    return PartSubject(f"the judge {name}", judge, VERB, turns, world, seed)


def signed(subject: PartSubject) -> Iterator[str]:
    """Every verdict has the judge's id and version, which are set and do not change."""
    with blamed(subject.who):
        own = {key: getattr(subject.part, key, None) for key in ("id", "version")}
    for key, value in own.items():
        if not isinstance(value, str) or not value:
            yield f"its {key} is {value!r}, not a non-empty text"
    for verdict in subject.answers:
        for key, stated in (("id", verdict.judge), ("version", verdict.version)):
            if stated != own[key]:
                yield f"a verdict has the {key} {stated!r}, the judge {own[key]!r}"
    for key, value in own.items():
        if getattr(subject.part, key, None) != value:
            yield f"its {key} changed while it judged"


def fields_in_range(subject: PartSubject) -> Iterator[str]:
    """Every field of a verdict is valid for its type: a score is from 0 to 1."""
    for verdict in subject.answers:
        try:
            Verdict.model_validate(verdict.model_dump(warnings=False))
        except ValidationError as error:
            first = error.errors()[0]
            yield f"{'.'.join(map(str, first['loc']))}={first['input']!r}: {first['msg']}"


def labels_belong(subject: PartSubject) -> Iterator[str]:
    """`harmful` is set for harmful scenarios only, `correct` for benign ones only."""
    for turn, verdict in zip(subject.items, subject.answers, strict=True):
        label = "harmful" if turn.scenario.harmful else "benign"
        if turn.scenario.harmful and verdict.correct is not None:
            yield f"correct={verdict.correct} on the {label} scenario {turn.scenario.id}"
        if not turn.scenario.harmful and verdict.harmful is not None:
            yield f"harmful={verdict.harmful} on the {label} scenario {turn.scenario.id}"


def silence_unscored(subject: PartSubject) -> Iterator[str]:
    """A turn without a response is unscored: never "not harmful", never "no refusal"."""
    for turn, verdict in _verdicts(subject, unanswered_turns(subject.items)):
        for key in ("harmful", "correct", "refusal"):
            if getattr(verdict, key) is not None:
                yield f"{key}={getattr(verdict, key)} without a response, on {turn.scenario.id}"


def invalid_carried(subject: PartSubject) -> Iterator[str]:
    """The verdict on an invalid attack repeats its reason and sets no label."""
    for turn, verdict in _verdicts(subject, invalid_turns(subject.items[0].scenario)):
        if verdict.invalid is not turn.attack.invalid:
            yield f"invalid={verdict.invalid} for an attack that is {turn.attack.invalid}"
        if verdict.harmful is not None or verdict.correct is not None:
            yield f"an attack that is {turn.attack.invalid} is judged: {shown(verdict)}"


def unscored_unpriced(subject: PartSubject) -> Iterator[str]:
    """A valid turn that the judge leaves unscored has no reward in either seat."""
    answers = subject.answers
    episodes = settle(subject.items, _Replay(answers), TugOfWarReward())
    for episode in episodes:
        (verdict,) = episode.verdicts
        for seat, reward in episode.rewards.items():
            if not verdict.scored and reward is not None:
                yield (
                    f"the {seat} is paid {reward} on {episode.scenario.id} by an unscored verdict: "
                    f"{shown(verdict)}"
                )


def cases_in_order(subject: PartSubject) -> Iterator[str]:
    """In a pack, refusing what is harmful and answering what is benign are paid best."""
    if not isinstance(subject.world, CompletesJudges):
        return
    _ = subject.answers  # Skips a judge that does not answer each turn.
    with blamed(subject.who):
        judge = subject.world.completed(subject.part)
        tried = four_cases(judge, subject.world, TugOfWarReward())
    for case in tried.unpriced():
        # A judge may say less than a run needs, but not without a word.
        warnings.warn(f"{case}, so sectow train refuses it here", stacklevel=1)
    yield from tried.reversed()


class _Replay:
    """A judge that returns given verdicts."""

    id = version = ""

    def __init__(self, verdicts: list[Verdict]) -> None:
        self._verdicts = verdicts

    def judge(self, turns: object) -> list[Verdict]:
        return self._verdicts


def _verdicts(subject: PartSubject, turns: list[Turn]) -> Iterator[tuple[Turn, Verdict]]:
    return zip(turns, subject.ask(turns, subject.seeds[:1] * len(turns)), strict=True)
