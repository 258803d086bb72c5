"""Entries of honest people and of others: made, read and checked."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from sectow_benchmarks.results.checksums import seal
from sectow_benchmarks.results.run import SEALED, EvaluationRun
from sectow_benchmarks.submissions import entry as entry_module
from sectow_benchmarks.submissions.check import Checked, check
from sectow_benchmarks.submissions.entry import Entry
from sectow_benchmarks.submissions.make import entry_of
from sectow_benchmarks.submissions.read import MAX_ENTRY_BYTES, submissions
from sectow_env.errors import ConfigError, FileError
from tests.benchmarks.submissions.conftest import Change, changed, write

Runs = dict[str, EvaluationRun]


def checked(path: Path) -> Checked:
    (result,) = check(submissions([path]))
    return result


def failures(path: Path) -> dict[str, str]:
    """What failed, with the reason."""
    return {
        result.name: result.detail for result in checked(path).checks if result.outcome == "failed"
    }


def test_the_schema_that_is_checked_in_is_that_of_the_model() -> None:
    file = Path(entry_module.__file__).with_name("entry.schema.json")
    assert file.read_text() == json.dumps(Entry.model_json_schema(), indent=2) + "\n"


def test_an_entry_says_what_the_evaluation_found(base: Entry) -> None:
    entry = base
    assert Entry.model_validate_json(entry.model_dump_json()) == entry
    assert {suite.name for suite in entry.suites} == {"safety", "twins", "general"}
    assert (entry.defence, entry.evidence) == ("none", "self-reported")
    assert entry.base == entry.evaluation
    safety = [figure for figure in entry.of("safety") if not figure.stratum]
    assert [(figure.key, figure.attacks) for figure in safety] == [("asr_test", "static")] * 2
    assert entry.of("over_refusal")
    assert entry.of("accuracy")
    assert entry.of("capability")


def test_an_entry_without_samples_is_self_reported(alone: Path) -> None:
    result = checked(alone)
    assert (result.good, result.evidence) == (True, "self-reported")


def test_an_entry_with_samples_is_verified(verified: Path) -> None:
    result = checked(verified)
    assert (result.good, result.evidence) == (True, "verified"), result.checks
    assert json.loads((verified / "entry.json").read_text())["evidence"] == "verified"


def test_an_entry_that_only_says_verified_is_a_finding(alone: Path) -> None:
    changed(alone, lambda tree: tree.update(evidence="verified"))
    assert set(failures(alone)) == {"evidence"}


def first_rate(tree: dict[str, Any]) -> dict[str, Any]:
    """A rate without parts."""
    rate: dict[str, Any] = next(
        figure["rate"] for figure in tree["figures"] if figure["role"] == "capability"
    )
    return rate


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda tree: first_rate(tree).update(value=1e300), "less than or equal to 1"),
        (lambda tree: first_rate(tree).update(value=-0.5), "greater than or equal to 0"),
        (lambda tree: first_rate(tree).update(n=10**30), "n"),
        (lambda tree: first_rate(tree).update(n="12"), "valid integer"),
        (lambda tree: first_rate(tree).update(high=0.0, low=0.0, value=0.9), "outside of its"),
        (lambda tree: first_rate(tree).update(n=0), "or none of them"),
        (lambda tree: tree["model"].update(name="<b>" + "x" * 200), "at most 120"),
        (lambda tree: tree["model"].update(name="good\u202etxt"), "not shown"),
        (lambda tree: tree["model"].update(name="\x1b[31mred"), "not shown"),
        (lambda tree: tree["model"].update(name="a\nb"), "not shown"),
        (lambda tree: tree["model"].update(name="z\u0301\u0301\u0301\u0301"), "pile of accents"),
        (lambda tree: tree["model"].update(hub="../../etc"), "pattern"),
        (lambda tree: tree["by"].update(links=["http://example.org"]), "scheme"),
        (lambda tree: tree["by"].update(links=["javascript:alert(1)"]), "scheme"),
        (lambda tree: tree["by"].update(links=["https://u:p@example.org"]), "no user"),
        (lambda tree: tree["by"].update(links=["https://e.org"] * 6), "at most 5"),
        (lambda tree: tree.update(path="/etc/passwd"), "not permitted"),
        (lambda tree: tree.update(format="sectow-board-entry-2"), "sectow-board-entry-1"),
        (lambda tree: tree.update(figures=[]), "at least 1"),
    ],
)  # fmt: skip
def test_what_an_entry_cannot_say_is_refused(alone: Path, change: Change, why: str) -> None:
    changed(alone, change)
    assert why in failures(alone)["entry"]


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e999", "9" * 400])
def test_numbers_that_are_none_are_refused(alone: Path, text: str) -> None:
    file = alone / "entry.json"
    tree = json.loads(file.read_text())
    first_rate(tree)["value"] = 123.456
    file.write_text(json.dumps(tree).replace("123.456", text))
    assert set(failures(alone)) == {"entry"}


def test_a_key_that_is_set_twice_is_refused(alone: Path) -> None:
    file = alone / "entry.json"
    file.write_text(file.read_text().replace("{", '{"evidence": "verified", ', 1))
    assert "set twice" in failures(alone)["entry"]


def test_a_link_a_pipe_and_a_large_file_are_not_read(alone: Path, tmp_path: Path) -> None:
    (alone / "entry.json").rename(tmp_path / "elsewhere.json")
    (alone / "entry.json").symlink_to(tmp_path / "elsewhere.json")
    assert "neither a file nor a folder" in failures(alone)["entry"]
    (alone / "entry.json").unlink()
    os.mkfifo(alone / "entry.json")
    assert "neither a file nor a folder" in failures(alone)["entry"]
    (alone / "entry.json").unlink()
    (alone / "entry.json").write_text(" " * (MAX_ENTRY_BYTES + 1))
    assert "more than 1 MiB" in failures(alone)["entry"]
    (tmp_path / "link").symlink_to(alone)
    assert failures(tmp_path / "link")["entry"] == "it is a link"


def test_what_does_not_belong_to_an_entry_is_refused(alone: Path) -> None:
    (alone / "setup.py").write_text("raise SystemExit")
    assert "setup.py" in failures(alone)["entry"]


def test_an_empty_folder_has_no_entry(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"entry\.json"):
        submissions([tmp_path])


@pytest.mark.parametrize(
    ("change", "name", "why"),
    [
        (lambda tree: first_rate(tree).update(low=0.5, value=0.5, high=0.5, n=10, clusters=10),
         "figures", "too narrow"),
        (lambda tree: first_rate(tree).update(method="magic"), "figures", "not a method"),
        (lambda tree: tree["figures"].append(tree["figures"][0]), "figures", "2 times"),
        (lambda tree: tree["suites"][0].update(revision=7), "suites", "revision 7"),
        (lambda tree: tree["suites"][0].update(name="my_suite"), "suites", "no suite 'my_suite'"),
        (lambda tree: tree["suites"].append(tree["suites"][0]), "suites", "there twice"),
        (lambda tree: tree["suites"].pop(0), "suites", "not among its suites"),
        (lambda tree: tree.update(samples="0" * 64), "samples", "none beside it"),
    ],
)  # fmt: skip
def test_what_cannot_have_been_measured_is_a_finding(
    alone: Path, change: Change, name: str, why: str
) -> None:
    changed(alone, change)
    assert why in failures(alone)[name]


def test_a_mean_outside_of_its_parts_is_a_finding(alone: Path) -> None:
    def change(tree: dict[str, Any]) -> None:
        for each in tree["figures"]:
            if each["key"] == "asr_test" and each["stratum"]:
                each["rate"] |= {"low": 0.0, "value": 0.0, "high": 0.9}

    assert "outside of its parts" in failures(changed(alone, change))["figures"]


def test_better_figures_than_the_samples_give_are_a_finding(verified: Path) -> None:
    changed(verified, lambda tree: tree.update(unscored=0.01))
    assert set(failures(verified)) == {"samples", "evidence"}
    assert "another unscored" in failures(verified)["samples"]


def test_changed_samples_are_a_finding(verified: Path) -> None:
    import pandas as pd

    file = verified / "evaluation" / "verdicts.parquet"
    pd.read_parquet(file).assign(success=0.0).to_parquet(file, index=False)
    assert "is not what was sealed" in failures(verified)["samples"]
    seal(verified / "evaluation", SEALED)
    assert "others than it names" in failures(verified)["samples"]


def test_a_cheat_who_seals_again_is_seen_by_verify(verified: Path) -> None:
    import pandas as pd

    folder = verified / "evaluation"
    file = folder / "verdicts.parquet"
    table = pd.read_parquet(file)
    table.loc[table["success"].notna(), ["success", "harmful"]] = 0.0
    table.to_parquet(file, index=False)
    seal(folder, SEALED)
    from sectow_benchmarks.submissions.make import digest_of_run

    run = EvaluationRun.open(folder)
    again = entry_of(run).model_copy(update={"evidence": "verified", "samples": digest_of_run(run)})
    write(again, verified)
    assert "sectow verify found" in failures(verified)["samples"]
    assert checked(verified).evidence == "self-reported"


def test_two_entries_of_one_evaluation_are_a_finding(alone: Path, verified: Path) -> None:
    results = check(submissions([alone, verified]))
    assert [[c.name for c in r.checks if c.outcome == "failed"] for r in results] == [["alone"]] * 2


def test_a_defence_that_the_evaluation_denies_is_refused(runs: Runs) -> None:
    assert entry_of(runs["base"], defence="trained").defence == "trained"
    with pytest.raises(ConfigError, match="--defence guard"):
        entry_of(runs["base"], defence="guard")


def test_the_entries_of_the_demo_have_its_published_figures(root: Path) -> None:
    folder = root / "docs/results"
    results = check(submissions([folder / "entries"]))
    assert [result.good for result in results] == [True] * 3
    entry = next(
        result.submission.entry
        for result in results
        if result.submission.entry is not None and "round 2" in result.submission.entry.model.name
    )
    ours = {
        (figure.title, figure.decoding, f"{rate.value:.3f} [{rate.low:.3f}, {rate.high:.3f}]")
        for figure in entry.figures
        if (rate := figure.rate).value is not None and not figure.stratum
    }
    lines = (folder / "demo-world-0.md").read_text().splitlines()
    published = {
        (cells[1], "greedy" if cells[2] == "greedy" else "sampled", cells[4])
        for line in lines
        if len(cells := [cell.strip() for cell in line.split("|")]) == 7 and cells[5].isdigit()
    }
    assert len(published) > 20
    assert published <= ours


def test_a_name_for_boards_may_be_typed(runs: Runs, verified: Path) -> None:
    assert entry_of(runs["base"], name="A model").model.name == "A model"
    changed(verified, lambda tree: tree["model"].update(name="A model"))
    assert checked(verified).evidence == "verified"
    changed(verified, lambda tree: tree["model"].update(sha256="0" * 64))
    assert "another model" in failures(verified)["samples"]
