"""What the judges of a measurement would be shown, without asking them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sectow_benchmarks.evaluation.cost import by_rule, conversation_tokens
from sectow_benchmarks.evaluation.dry_run import Question, Unit
from sectow_benchmarks.evaluation.judges import published_judges
from sectow_benchmarks.evaluation.settings import MeasureSettings
from sectow_benchmarks.results.further import GUARDED
from sectow_env.game import Attack, Judge, Turn
from sectow_env.game.world import World
from sectow_env.judges.two_sided import TwoSided, grades_answers
from sectow_env.registry.spec import parse_spec
from sectow_env.resolve.parts import JUDGES, find_judge, is_served, takes_a_model

INSTRUCTIONS = 400
"""Tokens of a judge's own words, where it is a model of this machine that is not loaded."""
VERDICT = 64
"""Tokens of its answer."""


class Look(NamedTuple):
    """How one judge looks at one suite."""

    judge: str
    """Spec."""
    unit: Unit
    beside: bool


def judged(settings: MeasureSettings, world: World, units: Sequence[Unit]) -> list[dict[str, Any]]:
    """One row per judge that asks a model, and suite: `judge`, `suite`, `calls`, tokens at most.

    A guard of this machine is not loaded; neither is a judge that is made of others by name: for
    one of these a call per turn is counted, with a guess of its words.
    """
    rows: dict[tuple[str, str], list[int]] = {}
    for look in _looking(settings, units):
        calls, prompt, answer = _cost(look, settings.judge_limit, world)
        if calls:
            sums = rows.setdefault((look.judge, look.unit.title), [0, 0, 0])
            rows[look.judge, look.unit.title] = [
                before + more for before, more in zip(sums, (calls, prompt, answer), strict=True)
            ]
    names = ("judge", "suite", "calls", "prompt_tokens", "answer_tokens")
    return [dict(zip(names, (*key, *sums), strict=True)) for key, sums in rows.items()]


def _looking(settings: MeasureSettings, units: Sequence[Unit]) -> Iterator[Look]:
    for unit in units:
        own = settings.judge or (None if unit.own is None else unit.own.judge)
        if own is not None:
            yield Look(own, unit, beside=False)
        kinds = ((unit.suite, unit.kind),)
        for spec in dict.fromkeys((*settings.also, *published_judges(kinds, settings.published))):
            yield Look(spec, unit, beside=True)


def _cost(look: Look, limit: int, world: World) -> tuple[int, int, int]:
    """Calls, prompt tokens and answer tokens."""
    name, unit = parse_spec(look.judge).name, look.unit
    home = world if unit.own is None or look.beside else unit.own.world
    if is_served(name):
        alone = find_judge(look.judge, home, alone=True)
        seen = _seen(alone, look, home)
        models = _models(alone)
    elif name in JUDGES.names() and not takes_a_model(name) and not _names_others(look.judge):
        return 0, 0, 0
    else:
        guarded = unit.role in GUARDED
        seen, models = (list(unit.questions) if guarded else []), [None]
    if not seen or not models:
        return 0, 0, 0
    calls = min(limit or len(seen), len(seen))
    prompt = sum(_prompt(model, question, unit.longest) for model in models for question in seen)
    longest = sum(
        VERDICT if model is None else getattr(model.model.settings, "max_tokens", None) or VERDICT
        for model in models
    )
    return calls * len(models), round(prompt * calls / len(seen)), calls * longest


def _seen(alone: Judge, look: Look, world: World) -> list[Question]:
    """The questions whose answers its model looks at."""
    if look.beside:
        looks = look.unit.role in GUARDED or grades_answers(alone)
        return list(look.unit.questions) if looks else []
    whole = find_judge(alone, world)
    if not isinstance(whole, TwoSided):
        return list(look.unit.questions)
    return [each for each in look.unit.questions if whole.asks_about(each.scenario)]


def _models(judge: Any) -> list[Any]:
    """The model judges that a judge is made of."""
    if hasattr(judge, "form"):
        return [judge]
    return [model for member in getattr(judge, "members", ()) for model in _models(member)]


def _prompt(judge: Any, question: Question, longest: int) -> int:
    """Tokens of what a judge is shown of a turn, with the longest answer."""
    attack = question.attack or Attack(query=question.scenario.behavior)
    if judge is None:
        text = by_rule(question.scenario.behavior) + by_rule(attack.query)
        return INSTRUCTIONS + text + longest
    turn = Turn(scenario=question.scenario, attack=attack, response="")
    return conversation_tokens(judge.form.ask(turn)) + longest


def _names_others(spec: str) -> bool:
    """Whether a setting is a text, such as the name of another judge."""
    return any(isinstance(value, str) for value in parse_spec(spec).settings.values())
