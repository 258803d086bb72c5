"""What of an evaluation may be published: an allow-list, applied before anything is made of it.

Weights are known by their name and digest, a world by its id and fingerprint, a judge by its id
without the address of its server, a suite of the field by its name, with its ids and categories.
Paths, addresses, prompts, and the ids, channels and categories of a private world are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.suites.base import ROLES
from sectow_benchmarks.suites.group_table import GROUP_NAMES, MINI
from sectow_benchmarks.suites.registry import card_of
from sectow_benchmarks.suites.revisions import REVISIONS
from sectow_env.errors import SectowError
from sectow_env.game.world import world_facts
from sectow_env.registry.spec import SEPARATOR, parse_spec
from sectow_env.resolve.worlds import load_world

if TYPE_CHECKING:
    import pandas as pd

REGISTERED = re.compile(r"[a-z0-9_-]+(:[0-9]{1,4})?")
"""Names of worlds that no file and no import path has."""
SETTINGS = (
    *("splits", "per_cell", "per_kind", "decodings", "temperature", "max_new_tokens"),
    *("learned_split", "attempts", "seed", "limit", "judge_limit"),
)
TOP = ("created", "judge", "versions", "machine", "python", "platform", "suites")
MODEL = ("sha256", "parameters", "chat_template_sha256", "trained_on", "overlap", "defence")
HIDDEN = "given, not shown"
STRATA = ("channel", "stratum", "frame", "category")
"""Columns with a world's own words that figures are broken down by."""
PLAIN = re.compile(r"[\w .,:/&()'-]{0,80}")
"""Ids and categories that are published are words and numbers, and no sentence."""
NUMBERED = re.compile(r" \([0-9]+\)$")
"""What tells two names apart that would be the same in public."""
_SETTINGS_OF_A_SPEC = re.compile(r"\?(?=\w+=)")
_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
_HOST = re.compile(r"@(?![0-9a-f]{12}[),+])[\w.\-:\[\]]+(?=[),+])")


def is_fictional(about: Mapping[str, Any]) -> bool:
    """Whether an evaluation played a fictional world, by its fingerprint and not by its word."""
    world = about.get("world") or {}
    name = str(world.get("name", ""))
    # A run folder names no file and no code: only worlds that are registered here are built.
    if not REGISTERED.fullmatch(name):
        return False
    return _fictional_world(name) == (world.get("id"), world.get("fingerprint"))


@lru_cache(maxsize=16)
def _fictional_world(name: str) -> tuple[str, str] | None:
    """Id and fingerprint of a registered world whose content is invented; None for any other."""
    try:
        world = load_world(name)
    except SectowError:
        return None
    return (world.id, world.fingerprint) if world_facts(world).fictional else None


def public_runs(runs: Sequence[EvaluationRun]) -> list[EvaluationRun]:
    """The same evaluations as a public page may show them; what is the same stays the same."""
    names = distinct_labels((name for run in runs for name in _names(run)), public_name)
    judges = distinct_labels((judge for run in runs for judge in _judges(run)), public_judge)
    strata = {
        column: _numbered(
            column, (name for run in runs for name in run.samples[column][is_unnamed(run)].unique())
        )
        for column in STRATA
    }
    return [_public(run, names, judges, strata) for run in runs]


def is_private(run: EvaluationRun) -> pd.Series:
    """Which samples are of a world, or of a suite beside it, that is not known to be invented."""
    beside = ~run.samples["suite"].isin(list(REVISIONS))
    return beside if is_fictional(run.about) else beside | True


def is_unnamed(run: EvaluationRun) -> pd.Series:
    """Which samples have ids and strata of somebody's own: private, of no suite of the field."""
    named = [
        suite
        for (suite, kind), rows in run.samples.groupby(["suite", "suite_kind"])
        if (card := card_of(str(kind))) is not None
        and suite in {card.name, card.name + MINI}
        and all(rows[column].str.fullmatch(PLAIN).all() for column in ("item", *STRATA))
    ]
    return is_private(run) & ~run.samples["suite"].isin(named)


def public_name(name: str) -> str:
    """A policy's name without the settings of its spec, and without the folders it is in."""
    head = _SETTINGS_OF_A_SPEC.split(name)[0]
    private = head.startswith(("/", "~", ".")) or "\\" in head or "://" in head
    return re.split(r"[/\\]", head.rstrip("/\\"))[-1] if private else head


def public_suite(spec: str) -> str:
    """A suite's registered name, with its role and whether it is the mini: nothing of a path."""
    try:
        name, settings = parse_spec(spec)
    except SectowError:
        return public_name(spec)
    kept = {
        key: value
        for key, value in settings.items()
        if (key == "role" and value in ROLES) or (key == "mini" and isinstance(value, bool))
    }
    pairs = "&".join(f"{key}={str(value).lower()}" for key, value in kept.items())
    return public_name(name) + (SEPARATOR + pairs if pairs else "")


def public_judge(judge: str) -> str:
    """A judge's id and version without the addresses of its models."""
    models, closed, version = judge.rpartition(")")
    return _HOST.sub("", models + closed) + version


def _public(
    run: EvaluationRun,
    names: Mapping[str, str],
    judges: Mapping[str, str],
    strata: Mapping[str, Mapping[str, str]],
) -> EvaluationRun:
    about, world, settings = run.about, run.about["world"], run.about["settings"]
    fictional = is_fictional(about)
    kept = {key: about[key] for key in TOP if key in about}
    shown = EvaluationRun(
        run.path,
        {
            **kept,
            "name": names[run.name],
            "judge": judges[about["judge"]],
            "world": world if fictional else _only(world, ("id", "fingerprint")),
            "model": {**_only(about["model"], MODEL), **_model(about["model"], names)},
            "attacker": about.get("attacker") and _model(about["attacker"], names),
            "settings": {
                **_only(settings, SETTINGS),
                "suites": [public_suite(str(name)) for name in settings.get("suites", ())],
                "tasks": [PurePath(str(name)).name for name in settings.get("tasks", ())],
                "mini_tasks": [PurePath(str(name)).name for name in settings.get("mini_tasks", ())],
                "groups": [name for name in settings.get("groups", ()) if name in GROUP_NAMES],
                "system": HIDDEN if settings.get("system") else None,
            },
            "other_suites": [
                {
                    **_only(suite, ("name", "revision", "licence", "world")),
                    "judge": judges[suite["judge"]],
                }
                for suite in about.get("other_suites", ())
            ],
        },
    )
    shown.chosen_judge = run.chosen_judge
    unnamed = is_unnamed(run)
    words = {
        column: run.samples[column].where(~unnamed, run.samples[column].replace(dict(labels)))
        for column, labels in strata.items()
    }
    # What it would read from the disk has the private words.
    vars(shown)["samples"] = run.samples.assign(**words, judge=run.samples["judge"].map(judges))
    vars(shown)["verdicts"] = run.verdicts.assign(judge=run.verdicts["judge"].map(judges))
    return shown


def _model(about: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    source, digest = about.get("source"), about.get("sha256")
    hub = source is not None and digest is None and _HUB_ID.fullmatch(str(source))
    return {
        "name": names[_name(about)],
        "source": None if source is None else str(source) if hub else public_name(f"/{source}"),
        "sha256": digest,
    }


def _name(about: Mapping[str, Any]) -> str:
    """Its name; of a folder that went by two parts of its path, only the last unless a round."""
    name, source = str(about.get("name", "")), about.get("source")
    parts = PurePath(str(source or "")).parts[-2:]
    if name == "/".join(parts) and about.get("sha256") and not parts[0].isdecimal():
        return parts[-1]
    return name


def _names(run: EvaluationRun) -> list[str]:
    models = (run.about["model"], run.about.get("attacker") or {})
    return [run.name, *map(_name, models)]


def _judges(run: EvaluationRun) -> list[str]:
    suites = (suite["judge"] for suite in run.about.get("other_suites", ()))
    looked = (*run.samples["judge"].unique(), *run.verdicts["judge"].unique())
    return [run.about["judge"], *suites, *map(str, looked)]


def distinct_labels(given: Iterable[str], label: Callable[[str], str]) -> dict[str, str]:
    """A label for each of some names.

    Args:
        given: Names, of which some may be the same.
        label: What a name is called; of different names with one label, the later ones get numbers.
    """
    labels: dict[str, str] = {}
    for name in dict.fromkeys(given):
        first, number = label(name), 2
        labels[name] = first
        while list(labels.values()).count(labels[name]) > 1:
            labels[name] = f"{first} ({number})"
            number += 1
    return labels


def _numbered(column: str, given: Iterable[str]) -> dict[str, str]:
    """Numbers in place of names, of one length: strata are added in the order of their names."""
    names = sorted({str(name) for name in given} - {""})
    width = len(str(len(names)))
    return {name: f"{column} {number:0{width}}" for number, name in enumerate(names, start=1)}


def _only(tree: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    return {key: tree[key] for key in keys if key in tree}
