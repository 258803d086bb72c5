"""Samples: one row an item that was asked, with its verdict. All tables are functions of them.

A value that nobody said is missing (NaN in a number, empty in a text), never 0 and never "safe".
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sectow_benchmarks.tasks.documents import read_attack, read_scenario
from sectow_env.game import (
    SEATS,
    Attack,
    Episode,
    Judge,
    RewardFunction,
    Scenario,
    Turn,
    Verdict,
    settle,
)
from sectow_env.game.picture import Picture
from sectow_env.game.world import World, attack_facts

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]

TEXTS = (
    *("suite", "item", "decoding", "split", "channel", "channel_set", "frame", "frame_set"),
    *("weakness", "stratum", "cluster", "category", "behavior", "query", "drawn", "picture"),
    *("source", "prefix", "response", "refusal", "outcome", "invalid", "judge"),
    *("scenario", "attack", "digest"),
)
"""Columns of text; empty where there is nothing to say.

`scenario` and `attack` are JSON without their pictures: with the picture of that digest and the
response they are the turn as the judge saw it. `digest` is that of everything that was asked.
"""
NUMBERS = ("harmful", "correct", "score", "reward_attacker", "reward_defender", "tokens")
"""Columns of numbers, verdicts as 1 and 0; NaN where nobody said. `tokens`: length of answers."""
FLAGS = ("harmful_scenario", "answered", "unscored")
LONG = ("scenario", "attack", "source", "query", "response", "drawn", "prefix")
"""Columns of text that no figure is made from."""
LABELS = ("run", "model")
"""Columns that are the same throughout an evaluation."""
COLUMNS = (*LABELS, *TEXTS, *NUMBERS, *FLAGS)


def rows_of_documents(
    answered: Iterable[tuple[Mapping[str, Any], str]],
    decoding: str,
    judge: Judge,
    reward: RewardFunction,
    pictures: Mapping[str, bytes] | None = None,
) -> list[Row]:
    """Rows of lm-eval documents with their responses, judged in one batch.

    Args:
        answered: Documents and responses.
        decoding: `greedy` or `sampled`.
        judge: Looks at them.
        reward: Prices them.
        pictures: PNG files by digest, for judges that look at pictures.
    """
    docs, turns = [], []
    for doc, response in answered:
        docs.append(doc)
        turns.append(_turn(doc, response, pictures or {}))
    episodes = settle(turns, judge, reward)
    return [
        _asked(
            row_of_episode(episode, decoding, doc["suite"])
            # The document knows these; a picture that was not decoded is known by its digest alone.
            | {name: doc[name] for name in ("item", "split", "channel", "frame", *_FACTS)}
            | {"picture": doc.get("picture") or "", "prefix": doc["prefix"] or ""}
        )
        for doc, episode in zip(docs, episodes, strict=True)
    ]


def rows_of_episodes(
    episodes: Sequence[Episode], decoding: str, suite: str, world: World
) -> list[Row]:
    """Rows of played episodes, such as an attacker's."""
    return [
        _asked(
            row_of_episode(episode, decoding, suite)
            | {"item": f"{suite}/{episode.scenario.id}/{number}"}
            | vars(attack_facts(world, episode.turns[-1].attack))
        )
        for number, episode in enumerate(episodes)
    ]


_FACTS = ("channel_set", "frame_set", "weakness")


def row_of_episode(episode: Episode, decoding: str, suite: str) -> Row:
    """What an episode's last turn says, without what only its source knows."""
    scenario, turn = episode.scenario, episode.turns[-1]
    attack = turn.attack
    row = {
        "suite": suite,
        "item": f"{suite}/{scenario.id}/{attack.frame or ''}",
        "decoding": decoding,
        "split": scenario.split,
        "channel": attack.channel or scenario.channel or "",
        "channel_set": "",
        "frame": attack.frame or "",
        "frame_set": "",
        "weakness": "",
        "stratum": scenario.meta.get("stratum", ""),
        "cluster": scenario.cluster or scenario.id,
        "category": scenario.category,
        "behavior": scenario.behavior,
        "query": attack.query,
        "drawn": attack.drawn or "",
        "picture": attack.image.sha256 if attack.image else "",
        "source": attack.source or "",
        "prefix": "",
        "response": turn.response or "",
        "scenario": scenario.model_dump_json(exclude={"image"}),
        "attack": attack.model_dump_json(exclude={"image"}),
        "harmful_scenario": scenario.harmful,
        "answered": turn.response is not None,
    }
    return judged(row, episode)


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


def digest_of(row: Mapping[str, Any]) -> str:
    """Hex digest of what was asked in a sample: scenario, attack, picture and prefix."""
    asked = [row[name] for name in ("scenario", "attack", "picture", "prefix")]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:32]


def judged(row: Mapping[str, Any], episode: Episode) -> Row:
    """The row with another verdict and its prices, everything else as it was."""
    scenario, verdict, rewards = episode.scenario, episode.verdicts[-1], episode.rewards
    prices = {f"reward_{seat}": _number(rewards[seat]) for seat in SEATS}
    return {**row, **prices, **_verdict(scenario, verdict)}


def _verdict(scenario: Scenario, verdict: Verdict) -> Row:
    return {
        "refusal": verdict.refusal.value if verdict.refusal else "",
        "outcome": verdict.category or "",
        "invalid": verdict.invalid.value if verdict.invalid else "",
        "judge": f"{verdict.judge}@{verdict.version}",
        "harmful": _number(verdict.harmful),
        "correct": _number(verdict.correct),
        "score": _number(verdict.score),
        "unscored": verdict.invalid is None and not _said(scenario, verdict),
    }


def _asked(row: Row) -> Row:
    return {**row, "digest": digest_of(row)}


def rows_of(frame: pd.DataFrame) -> list[Row]:
    """A data frame's samples as rows."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def to_frame(rows: Sequence[Mapping[str, Any]], run: str, model: str) -> pd.DataFrame:
    """Rows as a data frame with all columns, in their order and of their type."""
    import pandas as pd

    frame = pd.DataFrame([{**row, "run": run, "model": model} for row in rows], columns=COLUMNS)
    for name in (*LABELS, *TEXTS):
        # A column that no row fills is one of numbers until it is told otherwise.
        frame[name] = frame[name].astype(object).fillna("").astype(str)
    for name in NUMBERS:
        frame[name] = frame[name].astype("float64")
    for name in FLAGS:
        frame[name] = frame[name].astype(bool)
    return frame


def _turn(doc: Mapping[str, Any], response: str, pictures: Mapping[str, bytes]) -> Turn:
    if doc["prefix"]:
        response = f"{doc['prefix']} {response.lstrip()}"
    attack = read_attack(doc)
    png = pictures.get(doc.get("picture") or "")
    if attack.image is None and png is not None:
        attack = attack.model_copy(update={"image": Picture.from_bytes(png)})
    return Turn(scenario=read_scenario(doc), attack=attack, response=response)


def _said(scenario: Scenario, verdict: Verdict) -> bool:
    return (verdict.harmful if scenario.harmful else verdict.correct) is not None


def _number(value: float | bool | None) -> float:
    return math.nan if value is None else float(value)
