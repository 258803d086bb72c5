"""Rows of lm-eval's tasks: questions are known by the seal only, all else by what it reported.

Nothing here can build a task of others again: the questions, the answers and which of them were
right are held against lm-eval's own counts and means, which lie in the same folder.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sectow_benchmarks.evaluation.foreign_tasks import mini_documents, mini_size
from sectow_benchmarks.evaluation.settings import DECODINGS
from sectow_benchmarks.results.samples import (
    judged_episodes,
    rows_of,
    verdict_row,
)
from sectow_benchmarks.suites.revisions import FOREIGN
from sectow_benchmarks.verify.evidence import Evidence, UnverifiedError, read_object
from sectow_benchmarks.verify.expected import Expected
from sectow_benchmarks.verify.findings import same
from sectow_env.errors import SectowError
from sectow_env.game import Attack, Episode, Price, Scenario, Turn, Verdict

UNIT = "lm_eval"


def foreign_rows(evidence: Evidence) -> list[Expected]:
    """The rows of lm-eval's tasks as they must be, but for question and answer.

    Raises:
        SectowError: They are not as many documents as lm-eval counted.
        UnverifiedError: Which tasks a name stands for cannot be known here.
    """
    rows: list[Expected] = []
    for task, report in _reported(evidence).items():
        own = _rows_of(evidence, task)
        _check_documents(evidence, task, report, own)
        episodes = [_episode(task, report, row) for row in own]
        ways = {str(row["decoding"]) for row in own}
        if len(ways) > 1 or not ways <= set(DECODINGS):
            raise _wrong(task, f"its answers are drawn in the ways {sorted(ways)}")
        way, suite = next(iter(ways), ""), FOREIGN + task
        judged = judged_episodes(episodes, way, suite, evidence.world, "capability")
        rows += [Expected(UNIT, row.sample, None) for row in judged]
    return rows


def unlike_lm_eval(evidence: Evidence) -> list[str]:
    """Tasks whose verdicts are not those of lm-eval: another mean, or more than right and wrong."""
    unlike = []
    verdicts = {(row["sample"], row["judge"]): row for row in rows_of(evidence.verdicts)}
    for task, report in _reported(evidence).items():
        rows = _rows_of(evidence, task)
        given = [verdicts[row["sample"], row["judge"]] for row in rows]
        right = [verdict["correct"] for verdict in given]
        known = [value for value in right if not math.isnan(value)]
        mean = sum(known) / len(known) if known else math.nan
        metric = _metric(task, rows[0]) if rows else "None"
        expected = report["results"].get(metric, math.nan)
        unscored = math.isnan(mean) and math.isnan(expected)
        changed = any(
            not same(value, verdict[column])
            for row, verdict in zip(rows, given, strict=True)
            for column, value in _verdict(task, report, row, verdict).items()
        )
        if changed or not (unscored or math.isclose(mean, expected)):
            unlike.append(task)
    return unlike


def _reported(evidence: Evidence) -> Mapping[str, Mapping[str, Any]]:
    """What lm-eval reported of the tasks that have documents, by name."""
    settings, file = evidence.settings, evidence.run.path / "lm_eval" / f"{UNIT}.json"
    names = (*settings.tasks, *settings.mini_tasks)
    if not names and not file.exists():
        return {}
    if not names:
        raise SectowError(
            given="results of lm-eval", why="the settings ask no task", fix="evaluate again"
        )
    reports = read_object(file)
    absent = [name for name in names if name not in reports]
    if absent:
        # A tag or a file stands for tasks of other names.
        unknown = set(absent) - _tags()
        if unknown:
            raise UnverifiedError(
                given=f"the tasks {', '.join(sorted(unknown))}",
                why="lm-eval reported none of that name, and what a folder names is not opened",
                fix="name tasks and groups by their names, not by files, when you measure",
            )
    return {name: report for name, report in reports.items() if "n-samples" in report}


def _rows_of(evidence: Evidence, task: str) -> list[dict[str, Any]]:
    """The rows of a task in the order in which lm-eval gave them."""
    samples = evidence.samples
    rows = rows_of(samples[samples["suite"] == FOREIGN + task])
    return sorted(rows, key=lambda row: int(str(row["item"]).rpartition("/")[2]))


def _check_documents(
    evidence: Evidence,
    task: str,
    report: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
) -> None:
    original, effective = report["n-samples"]["original"], report["n-samples"]["effective"]
    numbers = sorted(int(_scenario(row).id) for row in rows)
    if not len(rows) == len(set(numbers)) == effective:
        raise _wrong(task, f"it has {len(rows)} rows, of {effective} documents asked")
    if numbers not in _choices(evidence, task, original, effective):
        raise _wrong(task, "its documents are not those that are asked")


def _choices(evidence: Evidence, task: str, original: int, effective: int) -> list[list[int]]:
    """The documents that a task may have been asked: the first ones, or those of its mini."""
    settings = evidence.settings
    limit = settings.limit or None
    whole, size = list(range(original))[:limit], mini_size(1)
    if task in settings.tasks or not settings.mini_tasks:
        return [whole]
    if task in settings.mini_tasks:
        return [list(mini_documents(task, original, size))[:limit]]
    # Which tasks a group has is not known here: it may be one of a group with a mini, or not.
    sizes = range(effective, size + 1 if limit else effective + 1)
    return [whole, *(list(mini_documents(task, original, size))[:limit] for size in sizes)]


def _episode(task: str, report: Mapping[str, Any], row: Mapping[str, Any]) -> Episode:
    document, version = _scenario(row).id, str(report.get("versions"))
    scenario = Scenario(
        id=document,
        behavior=task,
        harmful=False,
        split="test",
        cluster=document,
        meta={"version": version},
    )
    attack = Attack(query=Attack.model_validate_json(row["attack"]).query)
    metric = _metric(task, row)
    if metric != "None" and metric not in report["results"]:
        raise _wrong(task, f"lm-eval reported no {metric}")
    turn = Turn(scenario=scenario, attack=attack, response=row["response"])
    verdict = Verdict(judge=f"{FOREIGN}{task}/{metric}", version=version)
    return Episode(scenario=scenario, turns=(turn,), verdicts=(verdict,), price=Price())


def _verdict(
    task: str, report: Mapping[str, Any], row: Mapping[str, Any], given: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The verdict's row, with what lm-eval made of the answer taken from the one that is there."""
    episode = _episode(task, report, row)
    right = given["correct"]
    correct = None if math.isnan(right) else right == 1.0
    verdict = episode.verdicts[0].model_copy(update={"correct": correct})
    return vars(verdict_row(row["sample"], episode.model_copy(update={"verdicts": (verdict,)})))


def _metric(task: str, row: Mapping[str, Any]) -> str:
    return str(row["judge"]).removeprefix(f"{FOREIGN}{task}/").rpartition("@")[0]


def _scenario(row: Mapping[str, Any]) -> Scenario:
    return Scenario.model_validate_json(row["scenario"])


def _tags() -> set[str]:
    """What lm-eval itself calls several tasks by."""
    from lm_eval.tasks import TaskManager

    return {str(name) for name in TaskManager().all_tags}


def _wrong(task: str, why: str) -> SectowError:
    return SectowError(given=f"the task {task}", why=why, fix="evaluate again")
