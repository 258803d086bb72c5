"""`--ask`: some questions put to the named model again, greedily."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sectow_agents.settings.adapters import ADAPTER
from sectow_benchmarks.evaluation.asking import ItemDefender
from sectow_benchmarks.evaluation.policies import DefenderUnderTest, defender_under_test
from sectow_benchmarks.results.journal import Journal
from sectow_benchmarks.results.samples import rows_of, turn_of_row
from sectow_benchmarks.suites.base import SuiteItem
from sectow_benchmarks.suites.registry import suite_of_world
from sectow_benchmarks.suites.revisions import FOREIGN
from sectow_benchmarks.verify.evidence import Asking, Evidence, UnverifiedError, here, is_plain
from sectow_benchmarks.verify.findings import Finding, failed, ok
from sectow_benchmarks.verify.weights import digest_here
from sectow_env.resolve.policies import POLICIES

AGREEING = 0.95
"""Least share of greedy answers that weights must give again: in another batch, or on another
processor, rounding turns a few. A script has no such excuse."""


def check_answers(evidence: Evidence, asking: Asking) -> Finding:
    """Drawn questions, asked again, get the recorded answers.

    Raises:
        UnverifiedError: The model is not here, and the user named none; or no answer is greedy.
    """
    rows = _askable(evidence)
    if not rows:
        raise UnverifiedError(
            given=f"the answers of {evidence.run.path.name}",
            why="none of them is greedy, with its picture beside it",
            fix="leave out --ask",
        )
    subject = _subject(evidence)
    if subject.prefilled != evidence.prefilled:
        return failed("run.json is wrong about whether the model can continue a beginning")
    generator = np.random.default_rng(asking.seed)
    count = min(asking.questions, len(rows))
    drawn = sorted(int(index) for index in generator.choice(len(rows), count, replace=False))
    answers = _answers(evidence, subject, rows, drawn)
    differing = [
        str(rows[index]["sample"]) for index in drawn if answers[index] != rows[index]["response"]
    ]
    least = AGREEING if subject.model is not None else 1.0
    same = count - len(differing)
    detail = f"{same} of {count} greedy answers of {subject.name} are the same"
    if differing:
        detail += f" (at least {least:.0%} must be); another one: {', '.join(differing[:3])}"
    other = _other_weights(evidence, subject)
    return ok(detail + other) if same >= least * count else failed(detail + other)


def _askable(evidence: Evidence) -> list[dict[str, Any]]:
    """Greedy answers to questions whose picture is here."""
    return [
        row
        for row in rows_of(evidence.samples)
        if row["decoding"] == "greedy"
        and row["answered"]
        and not row["suite"].startswith(FOREIGN)
        and (not row["picture"] or evidence.run.picture(row["picture"]) is not None)
    ]


def _subject(evidence: Evidence) -> DefenderUnderTest:
    """The model that is asked: the one that the user names, else the one that was measured."""
    given, system = evidence.offered.model, evidence.settings.system
    if given is not None:
        return defender_under_test(given, evidence.world, system=system)
    model, world = evidence.model, evidence.world
    source, name = str(model.get("source") or ""), str(model.get("name", ""))
    unchanged = bool(source) and digest_here(source) == model.get("sha256") is not None
    if "defence" not in model:
        if unchanged and not (Path(source) / ADAPTER).exists():
            return defender_under_test(source, evidence.world, name=name, system=system)
        if not source and is_plain(name, POLICIES):
            script = here(name, lambda: defender_under_test(name, world, system=system))
            if script.model is None:
                return script
    raise UnverifiedError(
        given=f"the model {name!r}",
        why="it is not a script, nor weights that are where run.json says; what a folder names is "
        "not loaded",
        fix="give it: --model SPEC",
    )


def _other_weights(evidence: Evidence, subject: DefenderUnderTest) -> str:
    digest = subject.about().get("sha256")
    known = evidence.model.get("sha256")
    return "" if digest == known else "; the model given has other weights than those recorded"


def _answers(
    evidence: Evidence,
    subject: DefenderUnderTest,
    rows: Sequence[Mapping[str, Any]],
    drawn: Sequence[int],
) -> dict[int, str]:
    """The drawn rows' answers by their place; each is asked as it was, with its own seed."""
    settings = evidence.settings
    longest = {suite.name: suite.answer_tokens for suite in evidence.suites}
    units = {"": suite_of_world(evidence.world).answer_tokens, **longest}
    answers: dict[int, str] = {}
    for suite, tokens in units.items():
        unit = [
            index
            for index, row in enumerate(rows)
            if (row["suite"] if row["suite"] in longest else "") == suite
        ]
        places = [place for place, index in enumerate(unit) if index in drawn]
        if not places:
            continue
        decoding = settings.decoding("greedy")
        if tokens is not None:
            decoding = replace(decoding, max_new_tokens=tokens)
        items = [_item(evidence, rows[index]) for index in unit]
        defender = ItemDefender(subject, items, decoding, settings.system, Journal())
        given = defender.answers(places)
        answers |= {unit[place]: answer for place, answer in zip(places, given, strict=True)}
    return answers


def _item(evidence: Evidence, row: Mapping[str, Any]) -> SuiteItem:
    png = evidence.run.picture(row["picture"]) if row["picture"] else None
    turn = turn_of_row(row, png)
    return SuiteItem(
        id=row["item"],
        suite=row["suite"],
        role=row["role"],
        scenario=turn.scenario,
        attack=turn.attack,
        prefix=row["prefix"],
    )
