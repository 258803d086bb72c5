"""How each column of the two tables and each field of run.json is checked: none is left out."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from sectow_benchmarks.results.samples import LABELS, Sample, SampleVerdict, columns_of


class How(StrEnum):
    """What a value is compared with."""

    REBUILT = "rebuilt from world, suites and settings"
    AGREES = "the same everywhere in the evaluation"
    JUDGED = "given again by the judge"
    COUNTED = "counted again where the weights are on this machine"
    ANSWERED = "given again by the model, by --ask"
    SEALED = "known by the seal only"


SAMPLE: Mapping[str, How] = {
    **dict.fromkeys(LABELS, How.AGREES),
    **dict.fromkeys(("sample", "suite", "suite_kind", "role", "item", "decoding"), How.REBUILT),
    **dict.fromkeys(("split", "channel", "channel_set", "frame", "frame_set"), How.REBUILT),
    **dict.fromkeys(("weakness", "stratum", "cluster", "category", "behavior"), How.REBUILT),
    **dict.fromkeys(("query", "drawn", "picture", "source", "prefix", "judge"), How.REBUILT),
    **dict.fromkeys(("scenario", "attack", "digest", "answered"), How.REBUILT),
    "harmful_scenario": How.REBUILT,
    "response": How.ANSWERED,
    "tokens": How.COUNTED,
}
"""Columns of samples.parquet. Of a trained attacker's rows the attack itself is known by the seal
only, unless it was written as a text, which is parsed and rendered again, or by a script."""
VERDICT: Mapping[str, How] = {
    **dict.fromkeys(("sample", "judge"), How.REBUILT),
    **dict.fromkeys(("refusal", "outcome", "invalid", "explanation", "raw"), How.JUDGED),
    **dict.fromkeys(("prompt_hash", "harmful", "correct", "on_behavior"), How.JUDGED),
    **dict.fromkeys(("success", "score", "reward_attacker", "reward_defender"), How.JUDGED),
    "unscored": How.JUDGED,
}
"""Columns of verdicts.parquet. What a task of lm-eval made of an answer is held against its own
mean."""
RUN: Mapping[str, How] = {
    **dict.fromkeys(("schema", "kind"), How.REBUILT),
    **dict.fromkeys(("name", "judges"), How.AGREES),
    **dict.fromkeys(("world", "judge", "suites", "other_suites"), How.REBUILT),
    **dict.fromkeys(("model", "attacker", "attacks", "settings"), How.REBUILT),
    **dict.fromkeys(("created", "versions", "python", "platform", "machine"), How.SEALED),
}
"""Fields of run.json; those of model, attacker and settings are apart below."""
MODEL: Mapping[str, How] = {
    "name": How.AGREES,
    **dict.fromkeys(("source", "sha256"), How.COUNTED),
    "prefilled": How.REBUILT,
    **dict.fromkeys(("parameters", "chat_template_sha256", "trained_on"), How.SEALED),
    "overlap": How.SEALED,
    **dict.fromkeys(("defence", "defended"), How.SEALED),
}
"""Fields of the model in run.json."""
ATTACKER: Mapping[str, How] = {
    **dict.fromkeys(("source", "sha256"), How.COUNTED),
    **dict.fromkeys(("name", "template"), How.SEALED),
}
"""Fields of the attacker in run.json; that there is one decides which rows there are."""
SETTINGS: Mapping[str, How] = {
    "world": How.AGREES,
    **dict.fromkeys(("suites", "splits", "per_cell", "per_kind", "seed"), How.REBUILT),
    **dict.fromkeys(("tasks", "mini_tasks"), How.REBUILT),
    **dict.fromkeys(("decodings", "judge", "learned_split", "attempts"), How.REBUILT),
    **dict.fromkeys(("attacks", "limit", "also"), How.REBUILT),
    **dict.fromkeys(("system", "max_new_tokens"), How.ANSWERED),
    **dict.fromkeys(("temperature", "include", "groups"), How.SEALED),
    **dict.fromkeys(("published", "judge_limit"), How.SEALED),
}
"""Fields of the settings in run.json."""


def chosen(table: Mapping[str, How], how: How) -> tuple[str, ...]:
    """The columns that are checked in one way."""
    return tuple(column for column, way in table.items() if way is how)


SAMPLE_COLUMNS = (*LABELS, *columns_of(Sample))
VERDICT_COLUMNS = columns_of(SampleVerdict)
