"""A suite's items as a world: which of them count, and who judges when nobody else was named."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property

from sectow_benchmarks.suites.answers import is_right
from sectow_env.errors import ConfigError
from sectow_env.game import Attack, Invalid, Judge, Scenario, Turn, Verdict
from sectow_env.judges.not_refused import NotRefusedJudge
from sectow_env.judges.prompts.published import PREFIX
from sectow_env.judges.two_sided import TwoSided, grades_answers, home_of_judge
from sectow_env.worlds.packs.world import PackWorld

SUITE_WORLD = "suite/"
"""What the ids of suites' worlds begin with."""


class SuiteRules:
    """Everything counts that asks something: a suite's own items have no budget."""

    def inspect(self, scenario: Scenario, attack: Attack) -> Invalid | None:
        """Why the attack is invalid, or None."""
        del scenario
        empty = not attack.query.strip() and attack.image is None
        return Invalid.OFF_BEHAVIOR if empty else None


class SuiteJudge:
    """What can be said without a model.

    Harmful items: by keyword rules, whatever refuses nothing is harmful. That is an upper bound as
    many papers report it, and no more: name a guard or a rubric for what was really given. Benign
    items: the refusal by the same rules, and where there is a reference, whether the answer is
    right.
    """

    id = "suite/keywords"
    grades_answers = True

    def __init__(self) -> None:
        self._keywords = NotRefusedJudge()
        self.version = self._keywords.version

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        """One verdict per turn; a turn without a response is unscored."""
        verdicts = zip(turns, self._keywords.judge(turns), strict=True)
        return [
            verdict.model_copy(update={"judge": self.id, "correct": _correct(turn)})
            for turn, verdict in verdicts
        ]


def _correct(turn: Turn) -> bool | None:
    scenario = turn.scenario
    if scenario.harmful or scenario.reference is None or turn.response is None:
        return None
    return is_right(turn.response, scenario.reference, scenario.meta)


class SuiteWorld(PackWorld):
    """The scenarios of a suite, or those of its mini."""

    def __init__(self, scenarios: Sequence[Scenario], name: str) -> None:
        super().__init__(scenarios, name)
        self.id = SUITE_WORLD + name
        self.rules = SuiteRules()

    @cached_property
    def fingerprint(self) -> str:
        """Digest of all scenarios, of pictures their pixels."""
        digest = hashlib.sha256()
        for scenario in self.items:
            digest.update(scenario.model_dump_json(exclude={"image"}).encode() + b"\n")
            digest.update((scenario.image.sha256 if scenario.image else "").encode() + b"\n")
        return digest.hexdigest()

    def judge(self) -> Judge:
        """The rules above; see `SuiteJudge` for their limits."""
        return SuiteJudge()

    def completed(self, judge: Judge) -> Judge:
        """A guard with the rules above: it is asked only where it has something to say.

        A suite's own judge decides on refusals itself, and stays alone where no answer is graded.

        Raises:
            ConfigError: It knows the answers of another world alone.
        """
        if home := home_of_judge(judge):
            raise ConfigError(
                given=f"the judge {judge.id} for the suite {self.id.removeprefix(SUITE_WORLD)}",
                why=f"it knows the answers of {home} alone, and would find no harm in any other",
                fix="name a guard or a rubric, or leave the judge to the suite",
            )
        graded = any(item.reference is not None for item in self.items)
        alone = grades_answers(judge) or (judge.id.startswith(PREFIX) and not graded)
        return judge if alone else TwoSided(judge, self.judge(), sparing=True)
