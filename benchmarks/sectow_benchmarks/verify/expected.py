"""The rows that an evaluation must have, built anew from the world, the suites and the settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sectow_benchmarks.evaluation.attackers import (
    CEILING,
    FREE,
    STRATIFIED,
    oracle_of,
    write_attacks,
)
from sectow_benchmarks.evaluation.dry_run import attacker_suites, setup_of
from sectow_benchmarks.evaluation.questions import SuiteQuestions, questions_of
from sectow_benchmarks.results.samples import (
    Sample,
    digest_of,
    judged_episodes,
    judged_item,
    rows_of,
)
from sectow_benchmarks.suites.base import SuiteItem
from sectow_benchmarks.verify.evidence import Evidence, here, is_plain
from sectow_env.game import (
    Attack,
    Attacker,
    Episode,
    Price,
    Reseedable,
    Scenario,
    Turn,
    Verdict,
    screen,
)
from sectow_env.game.picture import Picture
from sectow_env.game.world import attacks_of
from sectow_env.resolve.parts import find_attacker
from sectow_env.resolve.policies import POLICIES

UNCOUNTED = "uncounted"


class Expected(NamedTuple):
    """A row that must be there."""

    unit: str
    """The unit of work that it belongs to."""
    sample: Sample
    """All but the answer and its length."""
    picture: Picture | None
    """What was shown; None also where only its digest is known."""


def expected_rows(evidence: Evidence) -> Iterator[Expected]:
    """Every row, but those of lm-eval's tasks.

    Raises:
        UnverifiedError: A world, suite or pack is not here.
    """
    settings, world = evidence.settings, evidence.world
    suites = questions_of(settings, world, evidence.suites)
    first = settings.decodings[:1]
    for decoding in settings.decodings:
        for questions in suites:
            items = questions.items(first=decoding in first, prefilled=evidence.prefilled)
            yield from _of_items(evidence, questions, items, decoding, questions.unit(decoding))
        if settings.attacks and "attacks" in settings.suites:
            yield from _frozen(evidence, decoding)
    for decoding in first:
        for questions in suites:
            yield from _of_items(evidence, questions, questions.uncounted(), decoding, UNCOUNTED)
    yield from _attackers(evidence)


def _of_items(
    evidence: Evidence,
    questions: SuiteQuestions,
    items: Sequence[SuiteItem],
    decoding: str,
    unit: str,
) -> Iterator[Expected]:
    judge = evidence.recorded_judge("" if questions.own else questions.suite.name)
    scenarios = [item.scenario for item in items]
    attacks = screen(scenarios, [item.attack for item in items], questions.suite.world.rules)
    for item, attack in zip(items, attacks, strict=True):
        episode = _unanswered(item.scenario, attack)
        row = judged_item(item, episode, decoding, questions.kind).sample
        yield _expected(unit, row, attack, judge)


def _frozen(evidence: Evidence, decoding: str) -> Iterator[Expected]:
    items = evidence.attacks.items[: evidence.settings.limit or None]
    scenarios = [item.scenario for item in items]
    attacks = screen(scenarios, [item.attack for item in items], evidence.world.rules)
    yield from _played(evidence, f"attacks-{decoding}", "attacks", decoding, scenarios, attacks)


def _attackers(evidence: Evidence) -> Iterator[Expected]:
    """Attacks of the trained attacker and of the script that knows the map."""
    settings, world = evidence.settings, evidence.world
    setup = setup_of(settings, world, world.judge())
    attacked = evidence.run.about.get("attacker") is not None
    for suite, scenarios in attacker_suites(settings, setup, attacked=attacked):
        script = oracle_of(world) if suite == CEILING else _script(evidence)
        if isinstance(script, Reseedable):
            written = write_attacks(setup, script, scenarios)
            attacks = screen(scenarios, written, world.rules)
        else:
            attacks = _rendered_again(evidence, suite, scenarios)
        yield from _played(evidence, suite, suite, "sampled", scenarios, attacks)


def _script(evidence: Evidence) -> Attacker | None:
    """The attacker, where it is a registered script: its attacks follow from its seeds."""
    about = evidence.run.about["attacker"]
    name, world = str(about.get("name", "")), evidence.world
    if about.get("source") is not None or not is_plain(name, POLICIES):
        return None
    script = here(f"the attacker {name!r}", lambda: find_attacker(name, world))
    return None if hasattr(script, "model") else script


def _rendered_again(evidence: Evidence, suite: str, scenarios: Sequence[Scenario]) -> list[Attack]:
    """A trained attacker's attacks: its texts parsed and rendered anew, else as they are kept."""
    world = evidence.world
    rows = {row["item"]: row for row in rows_of(evidence.samples) if row["suite"] == suite}
    kept = [
        _kept(evidence, rows.get(f"{suite}/{scenario.id}/{number}"))
        for number, scenario in enumerate(scenarios)
    ]
    written = [number for number, attack in enumerate(kept) if attack.source is not None]
    texts = [kept[number].source or "" for number in written]
    again = attacks_of(world, [scenarios[number] for number in written], texts)
    for number, attack in zip(written, again, strict=True):
        kept[number] = attack
    return screen(scenarios, [_unscreened(attack) for attack in kept], world.rules)


def _unscreened(attack: Attack) -> Attack:
    """Without what the rules said; what could not be parsed, or asks nothing, stays invalid."""
    if attack.source is not None or not (attack.query.strip() or attack.image):
        return attack
    return attack.model_copy(update={"invalid": None})


def _kept(evidence: Evidence, row: dict[str, Any] | None) -> Attack:
    if row is None:
        return Attack(query="")
    attack = Attack.model_validate_json(row["attack"])
    png = evidence.run.picture(row["picture"]) if row["picture"] else None
    if png is None:
        return attack
    return attack.model_copy(update={"image": Picture.from_bytes(png)})


def _played(
    evidence: Evidence,
    unit: str,
    suite: str,
    decoding: str,
    scenarios: Sequence[Scenario],
    attacks: Sequence[Attack],
) -> Iterator[Expected]:
    episodes = [_unanswered(*pair) for pair in zip(scenarios, attacks, strict=True)]
    judged = judged_episodes(episodes, decoding, suite, evidence.world)
    judge = evidence.recorded_judge("")
    for row, attack in zip(judged, attacks, strict=True):
        yield _expected(unit, row.sample, attack, judge)


def with_picture_of(expected: Expected, stored: Mapping[str, Any]) -> Expected:
    """A trained attacker's row with the digest of a picture that was too much to be kept."""
    row = expected.sample
    unknown = row.suite in {STRATIFIED, FREE} and not row.source and expected.picture is None
    if not unknown or not stored["picture"]:
        return expected
    shown = {"picture": stored["picture"]}
    return expected._replace(sample=replace(row, **shown, digest=digest_of({**vars(row), **shown})))


def _unanswered(scenario: Scenario, attack: Attack) -> Episode:
    turn = Turn(scenario=scenario, attack=attack, response=None)
    verdict = Verdict(judge="", version="")
    return Episode(scenario=scenario, turns=(turn,), verdicts=(verdict,), price=Price())


def _expected(unit: str, row: Sample, attack: Attack, judge: str) -> Expected:
    answered = attack.invalid is None
    return Expected(unit, replace(row, judge=judge, answered=answered), attack.image)
