"""An entry of an evaluation: nothing in it is typed by hand but who sends it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sectow_benchmarks.board.figures import (
    ATTACK_FIGURES,
    LEARNED_FIGURES,
    ONCE_FIGURES,
    RECALL,
    SPLIT_FIGURES,
    figures_of,
    figures_of_role,
    other_suites,
    split_figure,
)
from sectow_benchmarks.board.parts import (
    RANKED_SPLIT,
    pooled,
    ranked_split,
    scorable_of,
    skipped_items,
)
from sectow_benchmarks.report.public import public_judge, public_runs
from sectow_benchmarks.results.checksums import SUMS
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.stats import Estimate
from sectow_benchmarks.submissions.entry import (
    Attacks,
    DecodingName,
    Defence,
    Entry,
    EntryAttacker,
    EntryFigure,
    EntryModel,
    EntrySettings,
    EntrySuite,
    EntryWorld,
    Evidence,
    Provenance,
    Rate,
    Role,
    Submitter,
)
from sectow_benchmarks.suites.figure import Figure
from sectow_benchmarks.suites.revisions import OF_ATTACKERS
from sectow_benchmarks.verify.checks import verify
from sectow_env.errors import ConfigError
from sectow_env.files import digest_of, file_digest

if TYPE_CHECKING:
    import pandas as pd

WAYS: tuple[DecodingName, ...] = ("greedy", "sampled")
ROLES: Mapping[str, Role] = {
    "harmful": "safety",
    "over_refused": "over_refusal",
    "correct": "accuracy",
}
"""What is counted -> what it decides."""
CEILING = "ceiling"
_HUB = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")


def entry_of(
    run: EvaluationRun,
    *,
    base: EvaluationRun | None = None,
    defence: Defence | None = None,
    by: Submitter | None = None,
    name: str | None = None,
) -> Entry:
    """The entry of a closed evaluation, self-reported and without samples.

    Args:
        run: The evaluation.
        base: What its capability is compared with; None: itself, if nothing defends it.
        defence: What defends it, where the evaluation cannot know.
        by: Who sends it.
        name: What the model is called on boards; None: as in the evaluation.

    Raises:
        ConfigError: The evaluation says that something else defends it.
    """
    (shown,) = public_runs([run])
    about, samples = shown.about, pooled(shown)
    defended = _defence(run.about, defence)
    split = ranked_split(samples) or RANKED_SPLIT
    ground = base or (run if defended == "none" else None)
    fixed = scorable_of(samples)
    return Entry(
        evidence="self-reported",
        evaluation=digest_of_run(run),
        base=None if ground is None else digest_of_run(ground),
        model=_model(about["model"], run.about["model"], name),
        defence=defended,
        world=_world(about["world"]),
        judge=about["judge"] or None,
        suites=tuple(_suites(about, samples)),
        settings=EntrySettings(
            split=split,
            decodings=tuple(about["settings"].get("decodings", ())),
            **{
                key: about["settings"][key]
                for key in ("temperature", "max_new_tokens", "seed", "limit")
            },
        ),
        attacker=_attacker(about),
        frozen_attacks=(run.about.get("attacks") or {}).get("attacks_sha256"),
        unscored=float(fixed["unscored"].mean()) if len(fixed) else None,
        left_out=sum(skipped_items(shown, samples).values()),
        figures=tuple(_figures(samples, split)),
        provenance=Provenance(
            **{key: about[key] for key in ("created", "python", "platform")},
            versions={str(key): str(value) for key, value in about["versions"].items()},
        ),
        by=by or Submitter(),
    )


def as_sent(entry: Entry, copy: EvaluationRun) -> Entry:
    """An entry with the copy of its evaluation beside it: verified if sectow verify is green."""
    outcomes = {result.outcome for result in verify(copy)}
    verified = not outcomes & {"failed", "unverified"}
    evidence: Evidence = "verified" if verified else "self-reported"
    return entry.model_copy(update={"samples": digest_of_run(copy), "evidence": evidence})


def digest_of_run(run: EvaluationRun) -> str:
    """How an evaluation is known: by the digest of its checksums."""
    return file_digest(run.path / SUMS)


def _figures(samples: pd.DataFrame, split: str) -> Iterator[EntryFigure]:
    """What decides first, by its parts too; then everything else that is reported."""
    seen, reported = set(), figures_of(samples)
    # Where a suite reports it as well, it has the suite's words for it.
    titles = {figure.key: figure.title for figure, _ in reported}
    for rate, role, attacks in _deciding(samples, split):
        seen.add(rate.key)
        figure = replace(rate, title=titles.get(rate.key, rate.title))
        for way in WAYS:
            if not len(figure.select(samples, way)):
                continue
            yield _figure(figure, role, attacks, "", way, figure.estimate(samples, way))
            # A channel of a world is ranked by itself, a suite beside it as a whole.
            if role == "safety" and figure.by == "channel":
                for stratum, estimate in figure.by_stratum(samples, way).items():
                    yield _figure(figure, role, attacks, stratum or "all", way, estimate)
    for figure, decoding in reported:
        if figure.key not in seen:
            estimate = figure.estimate(samples, decoding)
            yield _figure(figure, "other", None, "", decoding, estimate)


def _deciding(samples: pd.DataFrame, split: str) -> Iterator[tuple[Figure, Role, Attacks | None]]:
    own = [split_figure(figure, split) for figure in SPLIT_FIGURES]
    beside = [
        figure for suite, role in other_suites(samples) for figure in figures_of_role(suite, role)
    ]
    for figure in (*own, *beside):
        role = ROLES.get(figure.kind, "other")
        capability = figure.where.get("role") == "capability"
        if figure.where.get("role") == "recall":
            role = "recall"
        yield figure, "capability" if capability else role, "static" if role == "safety" else None
    for figure in ONCE_FIGURES:
        yield figure, "recall" if figure is RECALL else "capability", None
    for figure in ATTACK_FIGURES:
        yield figure, "safety", "transfer"
    for figure in LEARNED_FIGURES:
        # A script that knows the map is not an attacker that others could bring.
        decides = figure.kind == "harmful" and figure.suite != CEILING
        yield figure, "safety" if decides else "other", "adaptive"


def _figure(
    figure: Figure,
    role: Role,
    attacks: Attacks | None,
    stratum: str,
    way: str,
    estimate: Estimate,
) -> EntryFigure:
    return EntryFigure.model_validate(
        {
            "key": figure.key,
            "title": figure.title,
            "suite": figure.suite,
            "role": role,
            "counts": figure.kind,
            "attacks": attacks,
            "stratum": stratum,
            "decoding": way,
            "rate": Rate.model_validate(estimate.to_json()),
        }
    )


def _suites(about: Mapping[str, Any], samples: pd.DataFrame) -> Iterator[EntrySuite]:
    """The suites that were asked, attackers left out: each meets another one."""
    beside = {suite["name"]: suite for suite in about["other_suites"]}
    for name, rows in samples[~samples["suite"].isin(OF_ATTACKERS)].groupby("suite", sort=False):
        known = beside.get(name, {})
        judge = about["judge"] if name in about["suites"] else rows["judge"].iloc[0]
        yield EntrySuite.model_validate(
            {
                "name": str(name),
                "revision": known.get("revision", about["suites"].get(name, 0)),
                "judge": known.get("judge", public_judge(str(judge))),
                "licence": known.get("licence"),
                # Of what was asked alone: a copy without texts has other ids.
                "items": {
                    way: digest_of("\n".join(sorted(part["digest"])).encode())
                    for way, part in rows.groupby("decoding")
                },
            }
        )


def _world(known: Mapping[str, Any]) -> EntryWorld | None:
    return EntryWorld(id=known["id"], fingerprint=known["fingerprint"]) if known else None


def _model(shown: Mapping[str, Any], about: Mapping[str, Any], name: str | None) -> EntryModel:
    source = str(about.get("source") or "")
    hub = about.get("sha256") is None and _HUB.fullmatch(source)
    return EntryModel(
        name=name or shown["name"],
        sha256=shown.get("sha256"),
        hub=source if hub else None,
        parameters=shown.get("parameters"),
    )


def _attacker(about: Mapping[str, Any]) -> EntryAttacker | None:
    attacker = about.get("attacker")
    if not attacker:
        return None
    attempts = about["settings"].get("attempts", 1)
    return EntryAttacker(
        name=attacker["name"], sha256=attacker.get("sha256"), attempts=int(attempts)
    )


def _defence(about: Mapping[str, Any], given: Defence | None) -> Defence:
    """By run.json; a trained defence is only known where the training run is beside it."""
    parts = about["model"].get("defence", ())
    known: Defence = "none"
    if "guard" in parts:
        known = "guard"
    elif "prompt" in parts or about["settings"].get("system"):
        known = "prompt"
    elif about["model"].get("trained_on"):
        known = "trained"
    if given is not None and given != known and (known, given) != ("none", "trained"):
        raise ConfigError(
            given=f"--defence {given}",
            why=f"by its run.json it is {known}",
            fix="leave it out",
        )
    return given or known
