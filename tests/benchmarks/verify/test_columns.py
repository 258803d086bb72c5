"""Every column is relabelled in turn and sealed again, as one who cheats would: each is caught."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sectow_benchmarks.evaluation.settings import MeasureSettings
from sectow_benchmarks.results.checksums import seal
from sectow_benchmarks.results.run import SEALED, EvaluationRun
from sectow_benchmarks.results.samples import (
    LABELS,
    Sample,
    SampleVerdict,
    columns_of,
    digest_of,
    rows_of,
)
from sectow_benchmarks.verify import columns
from sectow_benchmarks.verify.asking import check_answers
from sectow_benchmarks.verify.checks import CHECKS, results
from sectow_benchmarks.verify.columns import How
from sectow_benchmarks.verify.evidence import Asking, Evidence
from sectow_env.errors import RunFolderError
from tests.benchmarks.verify.conftest import Sound

CAUGHT = {"failed", "unverified"}
ALL = Asking(10_000)


@pytest.fixture(params=["scripted", "packed"], scope="module")
def evaluation(request: pytest.FixtureRequest) -> Sound:
    sound: Sound = request.getfixturevalue(request.param)
    return sound


def first_finding(folder: Path, sound: Sound) -> str:
    """The first check that is not passed; empty where all are."""
    evidence = Evidence(EvaluationRun.open(folder), sound.offered)
    checks = {**CHECKS, "answers": lambda evidence: check_answers(evidence, ALL)}
    for result in results(evidence, checks, lambda _: None):
        if result.outcome in CAUGHT:
            return f"{result.name}: {result.detail}"
    return ""


def cheat(sound: Sound, table: str, after: pd.DataFrame, folder: Path) -> str | None:
    """What is found of a changed table that was sealed again; None where nothing was changed."""
    if after.equals(pd.read_parquet(sound.run.path / table)):
        return None
    shutil.copytree(sound.run.path, folder)
    try:
        after.to_parquet(folder / table, index=False)
        seal(folder, SEALED)
        return first_finding(folder, sound)
    finally:
        shutil.rmtree(folder)


def test_sound_ones_pass(evaluation: Sound) -> None:
    assert first_finding(evaluation.run.path, evaluation) == ""
    suites = set(evaluation.run.samples["suite"])
    assert {"safety", "twins", "learned"} <= suites


@pytest.mark.parametrize(
    ("table", "present"),
    [
        (columns.SAMPLE, (*LABELS, *columns_of(Sample))),
        (columns.VERDICT, columns_of(SampleVerdict)),
        (columns.SETTINGS, tuple(MeasureSettings.model_fields)),
    ],
)
def test_no_column_is_checked_by_nobody(table: dict[str, How], present: tuple[str, ...]) -> None:
    assert sorted(table) == sorted(present)


def other(value: object) -> object:
    """A value that means nothing, of the same type."""
    if isinstance(value, bool | np.bool_):
        return not value
    return -7.25 if isinstance(value, float) else "nonsense"


QUICK = {("another", "some"), ("nonsense", "last"), ("gap", "all")}
ANY = set(product(("another", "nonsense", "gap"), ("all", "some", "first", "last")))


def relabelled(frame: pd.DataFrame, column: str, rows: Any, new: Any) -> pd.DataFrame:
    return frame.assign(**{column: frame[column].where(~rows, new)})


def changes(
    column: str,
    frame: pd.DataFrame,
    some: Any,
    possible: Any,
    kinds: Collection[tuple[str, str]],
) -> Iterator[tuple[str, pd.DataFrame]]:
    """A column relabelled in several ways: on all rows, on some, on one; sound values and not."""
    values = frame[column]
    another = values.map(lambda value: next((other for other in values if other != value), value))
    gap = "" if values.dtype.kind == "O" else values.map(lambda _: np.nan).astype(float)
    rows = frame.index[possible]
    for kind, new in (("another", another), ("nonsense", values.map(other)), ("gap", gap)):
        if kind == "gap" and values.dtype.kind == "b":
            continue
        for where, chosen in (
            ("all", possible),
            ("some", some & possible),
            ("first", frame.index == rows[0]),
            ("last", frame.index == rows[-1]),
        ):
            if (kind, where) in kinds:
                yield f"{kind} on {where}", relabelled(frame, column, chosen, new)


@pytest.mark.parametrize("column", [*LABELS, *columns_of(Sample)])
def test_a_relabelled_column_of_the_samples_is_caught(
    evaluation: Sound, column: str, tmp_path: Path
) -> None:
    check_all(evaluation, "samples.parquet", column, QUICK, tmp_path)


@pytest.mark.parametrize("column", columns_of(SampleVerdict))
def test_a_relabelled_column_of_the_verdicts_is_caught(
    evaluation: Sound, column: str, tmp_path: Path
) -> None:
    check_all(evaluation, "verdicts.parquet", column, QUICK, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "column"),
    [
        *(("samples.parquet", column) for column in (*LABELS, *columns_of(Sample))),
        *(("verdicts.parquet", column) for column in columns_of(SampleVerdict)),
    ],
)
def test_any_relabelling_of_a_column_is_caught(
    scripted: Sound, table: str, column: str, tmp_path: Path
) -> None:
    check_all(scripted, table, column, ANY - QUICK, tmp_path)


def check_all(
    sound: Sound, table: str, column: str, kinds: Collection[tuple[str, str]], folder: Path
) -> None:
    frame = pd.read_parquet(sound.run.path / table)
    possible = frame["sample"].notna()
    if column == "response":
        # Answers that are drawn at random are not asked for again: see docs/limits.md.
        possible = frame["decoding"] == "greedy"
    some = frame["harmful_scenario"] if table == "samples.parquet" else frame["harmful"].notna()
    findings = {
        kind: cheat(sound, table, after, folder / "copy")
        for kind, after in changes(column, frame, some, possible, kinds)
    }
    assert [kind for kind, finding in findings.items() if finding == ""] == []
    assert any(finding is not None for finding in findings.values())


def rewritten(frame: pd.DataFrame, field: str, value: object) -> pd.DataFrame:
    """A field of the harmful scenarios, changed wherever it is written, with a digest that fits."""
    rows = rows_of(frame)
    for row in rows:
        scenario = json.loads(row["scenario"])
        if not scenario["harmful"]:
            continue
        if field in {"cluster", "channel", "category", "behavior", "split"}:
            row[field] = value
        if field == "harmful":
            row["harmful_scenario"] = value
        scenario[field] = value
        row["scenario"] = json.dumps(scenario, separators=(",", ":"))
        row["digest"] = digest_of(row)
    return pd.DataFrame(rows, columns=frame.columns)


@pytest.mark.parametrize(
    ("field", "value"),
    [("split", "train"), ("harmful", False), ("cluster", "c9"), ("channel", "plain"),
     ("category", "locks"), ("behavior", "x"), ("meta", {"stratum": "cue"}), ("id", "a")],
)  # fmt: skip
def test_a_scenario_that_is_relabelled_everywhere_is_caught(
    evaluation: Sound, field: str, value: object, tmp_path: Path
) -> None:
    frame = pd.read_parquet(evaluation.run.path / "samples.parquet")
    for suite in sorted(set(frame["suite"])):
        mine = frame["suite"] == suite
        if not frame.loc[mine, "harmful_scenario"].any():
            continue
        after = pd.concat([rewritten(frame[mine], field, value), frame[~mine]], ignore_index=True)
        finding = cheat(evaluation, "samples.parquet", after, tmp_path / "copy")
        assert finding != "", suite


@pytest.mark.parametrize("table", ["samples.parquet", "verdicts.parquet"])
def test_rows_that_are_dropped_or_doubled_are_caught(
    evaluation: Sound, table: str, tmp_path: Path
) -> None:
    frame = pd.read_parquet(evaluation.run.path / table)
    suites = frame["sample"].str.split("/").str[1]
    for suite in sorted(set(suites)):
        (first, *_) = frame.index[suites == suite]
        dropped, doubled = frame.drop(index=first), pd.concat([frame, frame.loc[[first]]])
        for after in (dropped, doubled, frame[suites != suite]):
            assert cheat(evaluation, table, after, tmp_path / "copy"), suite


def test_a_suite_without_a_trace_is_caught(evaluation: Sound, tmp_path: Path) -> None:
    path, folder = evaluation.run.path, tmp_path / "copy"
    tables = {name: pd.read_parquet(path / f"{name}.parquet") for name in ("samples", "verdicts")}
    for suite in sorted(set(tables["samples"]["suite"])):
        shutil.copytree(path, folder)
        kept = tables["samples"][tables["samples"]["suite"] != suite]
        kept.to_parquet(folder / "samples.parquet", index=False)
        verdicts = tables["verdicts"]
        verdicts = verdicts[verdicts["sample"].isin(kept["sample"])]
        verdicts.to_parquet(folder / "verdicts.parquet", index=False)
        (folder / "costs" / f"{suite}.json").unlink(missing_ok=True)
        seal(folder, SEALED)
        finding = first_finding(folder, evaluation)
        shutil.rmtree(folder)
        assert suite in finding


def test_a_column_too_many_is_caught(evaluation: Sound, tmp_path: Path) -> None:
    for table in ("samples.parquet", "verdicts.parquet"):
        frame = pd.read_parquet(evaluation.run.path / table).assign(weight=1.0)
        finding = cheat(evaluation, table, frame, tmp_path / "copy")
        assert finding is not None
        assert "weight" in finding


FREE = {How.SEALED, How.ANSWERED}
WITHOUT_EFFECT = {"model.prefilled", "settings.per_kind", "settings.seed", "settings.attacks"}
"""In a pack, of which nothing is drawn and nothing is recalled; the path of frozen attacks is what
their measurer called them."""


def fields() -> Iterator[tuple[str, ...]]:
    """The fields of run.json that more than the seal knows."""
    yield from ((name,) for name, how in columns.RUN.items() if how not in FREE)
    for group, table in (("model", columns.MODEL), ("settings", columns.SETTINGS)):
        yield from ((group, name) for name, how in table.items() if how not in FREE)
    yield from (("world", name) for name in ("name", "id", "fingerprint", "channels"))
    yield from (("suites", name) for name in ("safety", "ceiling"))


def otherwise(value: Any) -> Any:
    """Another value of a field, of its type where that says something."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, list):
        return value[1:] if value else ["x"]
    return None if isinstance(value, dict) else "x"


@pytest.mark.parametrize("field", list(fields()), ids=".".join)
def test_an_edited_field_of_run_json_is_caught(
    evaluation: Sound, field: tuple[str, ...], tmp_path: Path
) -> None:
    if "pack" in evaluation.run.about["world"]["id"] and ".".join(field) in WITHOUT_EFFECT:
        pytest.skip("it has no effect in a pack")
    for change in (otherwise, lambda _: None):
        folder = tmp_path / "copy"
        shutil.copytree(evaluation.run.path, folder)
        about = json.loads((folder / "run.json").read_text())
        *above, last = field
        tree = about[above[0]] if above else about
        before, tree[last] = tree.get(last), change(tree.get(last))
        (folder / "run.json").write_text(json.dumps(about))
        seal(folder, SEALED)
        try:
            assert tree[last] == before or first_finding(folder, evaluation)
        except RunFolderError:
            pass
        finally:
            shutil.rmtree(folder)


def test_an_unknown_field_of_run_json_is_caught(evaluation: Sound, tmp_path: Path) -> None:
    for group in (None, "model", "settings"):
        folder = tmp_path / str(group)
        shutil.copytree(evaluation.run.path, folder)
        about = json.loads((folder / "run.json").read_text())
        (about if group is None else about[group])["endorsed"] = True
        (folder / "run.json").write_text(json.dumps(about))
        seal(folder, SEALED)
        assert "endorsed" in first_finding(folder, evaluation)
