"""The checks of an evaluation: its files, its questions, its pictures, verdicts, weights and board.

What cannot be checked here (a judge that is not installed, weights that lie elsewhere) is said to
be not checked; it is neither a pass nor a failure.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from sectow_agents.models.weights import weights_digest
from sectow_benchmarks.board.board import row_of
from sectow_benchmarks.board.files import row_to_json
from sectow_benchmarks.results.checksums import broken
from sectow_benchmarks.results.run import SEALED, EvaluationRun
from sectow_benchmarks.results.samples import (
    digest_of,
    rows_of,
    turn_of_row,
    verdict_row,
)
from sectow_benchmarks.suites.registry import find_suite
from sectow_benchmarks.suites.revisions import FOREIGN, OF_ATTACKERS, REVISIONS
from sectow_env.errors import SectowError
from sectow_env.game import Judge, settle
from sectow_env.game.picture import Picture
from sectow_env.game.world import World
from sectow_env.reading import read_json
from sectow_env.resolve.parts import JUDGES, find_judge, find_reward
from sectow_env.resolve.worlds import load_world

if TYPE_CHECKING:
    import pandas as pd

Outcome = Literal["ok", "failed", "not checked"]
VERDICT = (
    *("harmful", "correct", "on_behavior", "success", "score", "refusal", "outcome"),
    *("invalid", "unscored"),
)
NOT_OF_ONE_ROW = ("rank", "not_ranked_because", "forgotten_not_refused")
"""Fields of a row that depend on the other rows of the board."""
OF_THE_BASE = ("general_retention", "general_change")


class Check(NamedTuple):
    """The result of one check."""

    name: str
    outcome: Outcome
    detail: str


def verify(run: EvaluationRun) -> list[Check]:
    """All checks of a closed evaluation, in order; none of them trusts another."""
    results = []
    for name, check in CHECKS.items():
        try:
            outcome, detail = check(run)
        except SectowError as error:
            outcome, detail = "failed", f"{error.given}: {error.why}"
        except Exception as error:  # noqa: BLE001  (a damaged run may break anything: that is a finding)
            outcome, detail = "failed", f"{type(error).__name__}: {error}"
        results.append(Check(name, outcome, detail))
    return results


def _files(run: EvaluationRun) -> tuple[Outcome, str]:
    """Every file is what was sealed, and no file has joined them."""
    changed = broken(run.path, SEALED)
    if not changed:
        return "ok", "every file is what was sealed"
    return "failed", "; ".join(f"{file.name} {file.why}" for file in changed[:5])


def _samples(run: EvaluationRun) -> tuple[Outcome, str]:
    """Every sample is there once, its digest fits, and every verdict is of a sample."""
    samples, verdicts = run.samples, run.verdicts
    duplicates = int(samples.duplicated(["suite", "item", "decoding"]).sum())
    columns = rows_of(samples[["scenario", "attack", "picture", "prefix"]])
    invalid = sum(
        digest_of(row) != digest for row, digest in zip(columns, samples["digest"], strict=True)
    )
    keys = set(zip(verdicts["sample"], verdicts["judge"], strict=True))
    strays = int((~verdicts["sample"].isin(samples["sample"])).sum())
    own = set(zip(samples["sample"], samples["judge"], strict=True))
    added = [judged["judge"] for judged in run.about.get("judges", ())]
    required = own | {(sample, judge) for judge in added for sample in samples["sample"]}
    if len(keys) != len(verdicts) or strays or required - keys:
        repeated = len(verdicts) - len(keys)
        return "failed", (
            f"{repeated} verdicts are duplicates, {strays} are of no sample, "
            f"{len(required - keys)} are missing"
        )
    if duplicates or invalid:
        return (
            "failed",
            f"{duplicates} samples are duplicates, {invalid} have the digest of another question",
        )
    return "ok", f"{len(samples)} samples, each once, each with the digest of what it asked"


def _items(run: EvaluationRun) -> tuple[Outcome, str]:
    """The fixed suites contain exactly the questions that their settings ask for."""
    from sectow_benchmarks.verify.items import expected_questions

    others = [find_suite(str(suite["spec"])) for suite in run.about.get("other_suites", ())]
    revisions = {**REVISIONS, **{suite.name: suite.revision for suite in others}}
    old = [suite for suite, now in run.about["suites"].items() if revisions.get(suite) != now]
    if old:
        return "not checked", f"this version asks another revision of {', '.join(old)}"
    world = _world(run)
    if isinstance(world, str):
        return "not checked", world
    if world.fingerprint != run.about["world"].get("fingerprint"):
        return "failed", f"the world {world.id} that is built here has another fingerprint"
    expected, stored = expected_questions(run, world), _questions(run)
    missing, unexpected = len(expected - stored), len(stored - expected)
    if missing or unexpected:
        return "failed", f"{missing} questions are missing, {unexpected} were never asked for"
    foreign = len(_of_lm_eval(run))
    beside = f"; {foreign} of lm-eval's tasks are known by their digests only" if foreign else ""
    return "ok", f"{len(expected)} questions, as the settings ask for{beside}"


def _pictures(run: EvaluationRun) -> tuple[Outcome, str]:
    """Every kept picture shows what its name is the digest of."""
    files = sorted((run.path / "pictures").glob("[!.]*.png"))
    renamed = [file.name for file in files if _shown(file) != file.stem]
    if renamed:
        return (
            "failed",
            f"{len(renamed)} pictures are not what they are called, such as {renamed[0]}",
        )
    names = set(run.samples["picture"]) - {""}
    return "ok", f"{len(files)} of {len(names)} pictures are kept, each what it is called"


def _verdicts(run: EvaluationRun) -> tuple[Outcome, str]:
    """The judges, asked again, give the same; prices follow."""
    world = _world(run)
    if isinstance(world, str):
        return "not checked", world
    differing = _unlike_lm_eval(run)
    if differing:
        return "failed", f"lm-eval's own results say otherwise of {', '.join(differing)}"
    changed, absent = 0, []
    for name, spec in _judges(run):
        seen = run.verdicts.loc[run.verdicts["judge"] == name, "sample"]
        samples = run.judged_by(name).samples
        for suite, rows in samples[samples["sample"].isin(seen)].groupby("suite", sort=False):
            if name.startswith(FOREIGN):
                continue
            judge = _judge_of(run, str(suite), spec, world)
            if judge is None or f"{judge.id}@{judge.version}" != name:
                absent.append(name)
                continue
            changed += _judged_anew(run, rows_of(rows), judge)
    if changed:
        return "failed", f"the judges say otherwise on {changed} samples"
    if absent:
        # A run folder may not name code: only registered judges are asked.
        return "not checked", f"{', '.join(dict.fromkeys(absent))} is not registered here"
    judges = ", ".join(name for name, _ in _judges(run) if not name.startswith(FOREIGN))
    foreign = len(_of_lm_eval(run))
    beside = f"; lm-eval's own results fit {foreign} answers" if foreign else ""
    return "ok", f"{judges} says the same of all samples{beside}"


def _judges(run: EvaluationRun) -> list[tuple[str, str | None]]:
    """Every judge with the name that the user gave it; None takes a world's own."""
    own = run.about["settings"].get("judge")
    added = {judged["judge"]: judged["name"] for judged in run.about.get("judges", ())}
    return [(str(name), added.get(name, own)) for name in dict.fromkeys(run.verdicts["judge"])]


def _judge_of(run: EvaluationRun, suite: str, spec: str | None, world: World) -> Judge | None:
    """The judge of a suite; None where it is not registered here."""
    for other in run.about.get("other_suites", ()):
        if other["name"] == suite:
            other_suite = find_suite(str(other["spec"]))
            spec, world = spec or other_suite.judge, other_suite.world
    if spec is not None and spec not in JUDGES.names():
        return None
    return find_judge(spec, world)


def _weights(run: EvaluationRun) -> tuple[Outcome, str]:
    """The model's weights, where they still lie, are those that were measured."""
    model: Mapping[str, Any] = run.about["model"]
    source, digest = model.get("source"), model.get("sha256")
    if not source or not digest:
        return "not checked", "the model has no weights in a folder"
    present = weights_digest(source)
    if present is None:
        return "not checked", f"no weights lie in {source}"
    return ("ok", f"the weights in {source}") if present == digest else (
        "failed", f"the weights in {source} are others than those that were measured"
    )  # fmt: skip


def _board(run: EvaluationRun) -> tuple[Outcome, str]:
    """The row on the board beside it comes out again from the samples."""
    file = run.path / "report" / "leaderboard.json"
    if not file.is_file():
        return "not checked", "there is no report beside the samples"
    rows = [row for row in read_json(file, follow=False)["rows"] if row["name"] == run.name]
    if len(rows) != 1:
        return "not checked", f"the board beside it has {len(rows)} rows called {run.name!r}"
    again = json.loads(json.dumps(row_to_json(row_of(run, run))))
    skipped = {*NOT_OF_ONE_ROW, *OF_THE_BASE}
    changed = [key for key in again if key not in skipped and again[key] != rows[0].get(key)]
    if changed:
        return "failed", f"the samples give another {', '.join(changed)}"
    return "ok", "the row on the board comes out again"


CHECKS: Mapping[str, Callable[[EvaluationRun], tuple[Outcome, str]]] = {
    "files": _files,
    "samples": _samples,
    "items": _items,
    "pictures": _pictures,
    "verdicts": _verdicts,
    "weights": _weights,
    "board": _board,
}


def _world(run: EvaluationRun) -> World | str:
    """The world that was played, or why it is not here."""
    name = str(run.about["world"].get("name", ""))
    try:
        # A run folder may not name code, so import paths are never followed.
        return load_world(name)
    except SectowError as error:
        return f"the world {name!r} cannot be built here ({error.why})"


def _questions(run: EvaluationRun) -> set[tuple[str, str, str]]:
    apart = (*OF_ATTACKERS, "attacks")
    kept = run.samples[~run.samples["suite"].isin(apart) & (run.samples["invalid"] == "")]
    kept = kept[~kept["suite"].str.startswith(FOREIGN)]
    return set(zip(kept["decoding"], kept["item"], kept["digest"], strict=True))


def _of_lm_eval(run: EvaluationRun) -> pd.DataFrame:
    """Samples of lm-eval's tasks: nothing here can build their questions anew."""
    return run.samples[run.samples["suite"].str.startswith(FOREIGN)]


def _unlike_lm_eval(run: EvaluationRun) -> list[str]:
    """Tasks of lm-eval whose samples have another mean than lm-eval reported."""
    samples = _of_lm_eval(run)
    if not len(samples):
        return []
    reported = read_json(run.path / "lm_eval" / "lm_eval.json", follow=False)
    unlike = []
    for suite, rows in samples.groupby("suite", sort=False):
        name = str(suite).removeprefix(FOREIGN)
        own = run.verdicts[run.verdicts["sample"].isin(rows["sample"])]
        own = own[own["judge"].str.startswith(f"{suite}/")]
        metric = str(own["judge"].iloc[0]).removeprefix(f"{suite}/").rpartition("@")[0]
        expected = reported[name]["results"].get(metric)
        mean = own["correct"].mean()
        if not (math.isnan(mean) if expected is None else math.isclose(mean, expected)):
            unlike.append(name)
    return unlike


def _judged_anew(run: EvaluationRun, rows: list[dict[str, Any]], judge: Judge) -> int:
    pictures = {row["picture"]: run.picture(row["picture"]) for row in rows if row["picture"]}
    turns = [turn_of_row(row, pictures.get(row["picture"])) for row in rows]
    episodes = settle(turns, judge, find_reward(None))
    again = [
        vars(verdict_row(row["sample"], episode))
        for row, episode in zip(rows, episodes, strict=True)
    ]
    return sum(
        any(not _same(new[name], old[name]) for name in VERDICT)
        for new, old in zip(again, rows, strict=True)
    )


def _same(first: Any, second: Any) -> bool:
    missing = [isinstance(value, float) and math.isnan(value) for value in (first, second)]
    return all(missing) or bool(first == second)


def _shown(file: Path) -> str:
    return Picture.from_file(file).sha256
