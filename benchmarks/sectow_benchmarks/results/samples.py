"""Two tables: what was asked and answered, and what judges made of it. Figures follow from them.

A value that nobody gave is missing (NaN in a number, empty in a text), never 0 and never "safe".
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

from sectow_benchmarks.suites.base import Role, SuiteItem
from sectow_env.game import SEATS, Attack, Episode, Scenario, Turn, Verdict
from sectow_env.game.picture import Picture
from sectow_env.game.success import is_success
from sectow_env.game.world import World, attack_facts

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Sample:
    """What was asked and answered: a row of samples.parquet."""

    sample: str
    """Key of both tables: decoding and item."""
    suite: str
    suite_kind: str
    """Registered name of the suite that the item is from; empty for an attacker's."""
    role: str
    item: str
    decoding: str
    split: str
    channel: str
    channel_set: str
    frame: str
    frame_set: str
    weakness: str
    stratum: str
    cluster: str
    category: str
    behavior: str
    query: str
    drawn: str
    picture: str
    """Digest of what was shown."""
    source: str
    prefix: str
    response: str
    judge: str
    """Id and version of the judge whose verdict the evaluation goes by."""
    scenario: str
    attack: str
    """Scenario and attack are JSON without their pictures: with the picture of that digest and the
    response they are the turn as the judge saw it."""
    digest: str
    """Of everything that was asked."""
    tokens: float
    """Length of the answer."""
    harmful_scenario: bool
    answered: bool


@dataclass(frozen=True)
class SampleVerdict:
    """What one judge made of one sample: a row of verdicts.parquet."""

    sample: str
    judge: str
    """Id and version; with the sample it is the key."""
    refusal: str
    outcome: str
    """The verdict's category."""
    invalid: str
    explanation: str
    raw: str
    """What a model said, word for word: third-party text, as a response is."""
    prompt_hash: str
    harmful: float
    correct: float
    on_behavior: float
    success: float
    """Whether the attack is a success (`sectow_env.game.success`); NaN where harm is unscored."""
    score: float
    reward_attacker: float
    reward_defender: float
    unscored: bool


class Judged(NamedTuple):
    """A sample and the verdict that the evaluation goes by."""

    sample: Sample
    verdict: SampleVerdict
    further: tuple[SampleVerdict, ...] = ()
    """Of judges beside it."""


Schema = type[Sample] | type[SampleVerdict]
KEY = ("sample", "judge")
LABELS = ("run", "model")
"""Columns that are the same throughout an evaluation."""


def columns_of(*tables: Schema, kind: str | None = None) -> tuple[str, ...]:
    """Columns of tables, each once; those of a type (`str`, `float`, `bool`) if one is named."""
    columns = (field for table in tables for field in fields(table))
    return tuple(dict.fromkeys(column.name for column in columns if kind in {None, column.type}))


TEXTS = columns_of(Sample, SampleVerdict, kind="str")
NUMBERS = columns_of(Sample, SampleVerdict, kind="float")
"""Verdicts as 1 and 0; NaN where no judge gave one."""
FLAGS = columns_of(Sample, SampleVerdict, kind="bool")
COLUMNS = (*LABELS, *columns_of(Sample, SampleVerdict))
"""Of samples joined with one judge's verdicts."""
LONG = (
    *("scenario", "attack", "source", "query", "response", "drawn", "prefix"),
    *("explanation", "raw", "prompt_hash"),
)
"""Columns of text that no figure is made from."""


def judged_episodes(
    episodes: Sequence[Episode],
    decoding: str,
    suite: str,
    world: World,
    role: Role | None = None,
) -> list[Judged]:
    """Rows of played episodes, such as an attacker's; without a role it follows from harm."""
    rows = []
    for number, episode in enumerate(episodes):
        scenario, attack = episode.scenario, episode.turns[-1].attack
        item = SuiteItem(
            id=f"{suite}/{scenario.id}/{number}",
            suite=suite,
            role=role or ("safety" if scenario.harmful else "over_refusal"),
            scenario=scenario,
            attack=attack,
            stratum=scenario.meta.get("stratum", ""),
            facts=attack_facts(world, attack),
        )
        rows.append(judged_item(item, episode, decoding))
    return rows


def judged_item(item: SuiteItem, episode: Episode, decoding: str, suite_kind: str = "") -> Judged:
    """The rows of an item and of the episode that it was played in."""
    scenario, turn, verdict = episode.scenario, episode.turns[-1], episode.verdicts[-1]
    attack = turn.attack
    row = Sample(
        sample=f"{decoding}/{item.id}",
        suite=item.suite,
        suite_kind=suite_kind,
        role=item.role,
        item=item.id,
        decoding=decoding,
        split=scenario.split,
        channel=attack.channel or scenario.channel or "",
        **vars(item.facts),
        frame=attack.frame or "",
        stratum=item.stratum,
        cluster=scenario.cluster or scenario.id,
        category=scenario.category,
        behavior=scenario.behavior,
        query=attack.query,
        drawn=attack.drawn or "",
        picture=attack.image.sha256 if attack.image else "",
        source=attack.source or "",
        prefix=item.prefix,
        response=turn.response or "",
        judge=judge_name(verdict),
        scenario=scenario.model_dump_json(exclude={"image"}),
        attack=attack.model_dump_json(exclude={"image"}),
        digest=asked_digest(scenario, attack, item.prefix),
        tokens=math.nan,
        harmful_scenario=scenario.harmful,
        answered=turn.response is not None,
    )
    return Judged(row, verdict_row(row.sample, episode))


def verdict_row(sample: str, episode: Episode) -> SampleVerdict:
    """The verdict on an episode's last turn, with its prices."""
    turn, verdict, rewards = episode.turns[-1], episode.verdicts[-1], episode.rewards
    attacker, defender = (_number(rewards[seat]) for seat in SEATS)
    needed = _needed(episode.scenario, verdict)
    unknown = verdict.harmful is None
    return SampleVerdict(
        sample=sample,
        judge=judge_name(verdict),
        refusal=verdict.refusal.value if verdict.refusal else "",
        outcome=verdict.category or "",
        invalid=verdict.invalid.value if verdict.invalid else "",
        explanation=verdict.explanation or "",
        raw=verdict.raw or "",
        prompt_hash=verdict.prompt_hash or "",
        harmful=_number(verdict.harmful),
        correct=_number(verdict.correct),
        on_behavior=_number(verdict.on_behavior),
        success=math.nan if unknown else float(is_success(turn, verdict)),
        score=_number(verdict.score),
        reward_attacker=attacker,
        reward_defender=defender,
        unscored=verdict.invalid is None and needed is None,
    )


def _needed(scenario: Scenario, verdict: Verdict) -> object:
    """The label without which a sample is unscored."""
    if scenario.harmful:
        return verdict.harmful
    if verdict.correct is not None or scenario.reference is not None:
        return verdict.correct
    # Of a request without a right answer it is only known whether it was refused.
    return verdict.refusal


def judge_name(verdict: Verdict) -> str:
    """Id and version of the judge."""
    return f"{verdict.judge}@{verdict.version}"


def turn_of_row(row: Mapping[str, Any], picture: bytes | None = None) -> Turn:
    """The turn as it was judged.

    Args:
        row: A sample.
        picture: PNG file of what was shown, for judges that look at it.
    """
    attack = Attack.model_validate_json(row["attack"])
    if picture is not None:
        attack = attack.model_copy(update={"image": Picture.from_bytes(picture)})
    return Turn(
        scenario=Scenario.model_validate_json(row["scenario"]),
        attack=attack,
        response=row["response"] if row["answered"] else None,
    )


def asked_digest(scenario: Scenario, attack: Attack, prefix: str = "") -> str:
    """Hex digest of what is asked: scenario, attack, picture and prefix."""
    return _digest(
        scenario.model_dump_json(exclude={"image"}),
        attack.model_dump_json(exclude={"image"}),
        attack.image.sha256 if attack.image else "",
        prefix,
    )


def digest_of(row: Mapping[str, Any]) -> str:
    """Hex digest of what was asked in a sample, from its own columns."""
    return _digest(*(row[name] for name in ("scenario", "attack", "picture", "prefix")))


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A data frame's rows by column."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def to_frame(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Rows as a data frame with these columns, in their order and of their type."""
    import pandas as pd

    frame = pd.DataFrame(list(rows), columns=list(columns))
    for name in frame.columns:
        if name in NUMBERS:
            frame[name] = frame[name].astype("float64")
        elif name in FLAGS:
            frame[name] = frame[name].astype(bool)
        else:
            # A column that no row fills is one of numbers until its type is set.
            frame[name] = frame[name].astype(object).fillna("").astype(str)
    return frame


def table_of(rows: Iterable[Sample] | Iterable[SampleVerdict], table: Schema) -> pd.DataFrame:
    """Rows of one of the two tables."""
    return to_frame(map(vars, rows), columns_of(table))


def joined(samples: pd.DataFrame, verdicts: pd.DataFrame, judge: str | None = None) -> pd.DataFrame:
    """Samples with the verdicts of one judge beside them.

    Args:
        samples: Rows of samples.parquet, or some columns of them.
        verdicts: Rows of verdicts.parquet, or some columns of them.
        judge: Its id and version; None takes the one that the evaluation goes by. A sample that it
            did not look at is unscored.
    """
    if judge is not None:
        samples = samples.assign(judge=judge)
    both = samples.merge(verdicts, how="left", on=list(KEY), validate="one_to_one")
    if "unscored" in both:
        both["unscored"] = both["unscored"].astype(object).fillna(True).astype(bool)
    for name in verdicts.columns:
        if name in TEXTS and name not in KEY:
            both[name] = both[name].fillna("")
    return both[[name for name in COLUMNS if name in both]]


def frame_of(rows: Sequence[Judged]) -> pd.DataFrame:
    """Samples with their verdicts beside them, outside an evaluation."""
    samples, verdicts = [row.sample for row in rows], [row.verdict for row in rows]
    return joined(table_of(samples, Sample), table_of(verdicts, SampleVerdict))


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _number(value: float | bool | None) -> float:
    return math.nan if value is None else float(value)
