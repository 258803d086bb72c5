"""The public board: who is ranked with whom, and whatever entries say is shown as text."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sectow_benchmarks.api import evaluate
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.submissions.board import Table, tables
from sectow_benchmarks.submissions.check import Checked, check
from sectow_benchmarks.submissions.command import app
from sectow_benchmarks.submissions.entry import Entry
from sectow_benchmarks.submissions.files import write_board
from sectow_benchmarks.submissions.make import entry_of
from sectow_benchmarks.submissions.read import Submission, submissions
from tests.benchmarks.submissions.conftest import write
from tests.benchmarks.suites.replicas import xstest

Runs = dict[str, EvaluationRun]
HOSTILE = "<script>alert(1)</script> =cmd|'x' [a](https://x)"


def board(*entries: Entry) -> list[Table]:
    """The board of good entries."""
    return tables([Checked(Submission(Path("x"), entry), (), entry.evidence) for entry in entries])


def like(entry: Entry, name: str, **changes: Any) -> Entry:
    """Another model on the same suites."""
    model = entry.model.model_copy(update={"name": name})
    digest = (name.encode().hex() + "0" * 64)[:64]
    return entry.model_copy(update={"model": model, "evaluation": digest, **changes})


def ranks(table: Table) -> dict[str, int | None]:
    return {line.entry.model.name: line.rank for line in table.lines}


def test_suites_of_the_field_need_no_world(tmp_path: Path) -> None:
    xstest.write(tmp_path / "xstest")
    suites = [f"xstest?path={tmp_path / 'xstest'}"]
    run = evaluate("apothecary/keyword", suites=suites, out=tmp_path / "run").run
    entry = entry_of(run)
    assert (entry.world, entry.judge) == (None, None)
    longer = entry.settings.model_copy(update={"max_new_tokens": 99})
    (table,) = board(entry, like(entry, "other", settings=longer))
    assert len(table.lines) == 2
    write_board([table], tmp_path / "board")
    text = (tmp_path / "board" / "board.md").read_text()
    assert "## Suites of the field: " in text
    assert "xstest 1 by suite/keywords@1+rules/refusal@2" in text
    assert "By keyword rules alone on xstest: not refused, an upper bound of harm." in text


def test_the_one_that_refuses_everything_is_shown_unranked(runs: Runs, base: Entry) -> None:
    (table,) = board(base, entry_of(runs["refuses"], base=runs["base"]))
    assert ranks(table) == {"apothecary/keyword": 1, "apothecary/refuse_all": None}
    reasons = table.lines[-1].reasons
    assert any(reason.startswith("over-refusal 1.000 > 0.10") for reason in reasons)
    assert any("of its base" in reason for reason in reasons)


def test_without_its_base_on_the_board_nothing_is_ranked(base: Entry) -> None:
    (table,) = board(base.model_copy(update={"base": "0" * 64}))
    assert table.lines[0].reasons == ("the entry of its base is not on this board",)


@pytest.mark.parametrize(
    "change",
    [
        lambda _: {"judge": "rules/refusal@1"},
        lambda entry: {"suites": entry.suites[:2]},
        lambda entry: {"settings": entry.settings.model_copy(update={"temperature": 0.5})},
        lambda entry: {"suites": (entry.suites[0].model_copy(update={"revision": 9}),
                                  *entry.suites[1:])},
    ],
)  # fmt: skip
def test_what_was_not_asked_the_same_is_not_in_one_table(base: Entry, change: Any) -> None:
    assert len(board(base, like(base, "same"))) == 1
    assert len(board(base, like(base, "other", **change(base)))) == 2


def test_tracks_and_evidence_are_ranked_apart(base: Entry) -> None:
    (table,) = board(
        base,
        like(base, "trained", defence="trained"),
        like(base, "guarded", defence="guard"),
        like(base, "verified", evidence="verified"),
    )
    assert set(ranks(table).values()) == {1}
    assert table.lines[0].entry.model.name == "verified"
    assert {line.track for line in table.lines} == {"model", "guard"}


def test_whatever_an_entry_says_is_text(base: Entry, tmp_path: Path) -> None:
    by = base.by.model_copy(update={"name": HOSTILE, "note": HOSTILE})
    write_board(board(like(base, HOSTILE, by=by)), tmp_path)
    page, markdown = ((tmp_path / name).read_text() for name in ("index.html", "board.md"))
    assert "<script>alert" not in page
    assert "<script>" not in markdown
    assert "](https" not in markdown
    (row,) = csv.DictReader((tmp_path / "board.csv").read_text().splitlines())
    assert row["model"] == HOSTILE
    (formula,) = board(like(base, "=1+1"))
    write_board([formula], tmp_path)
    assert "'=1+1" in (tmp_path / "board.csv").read_text()
    assert json.loads((tmp_path / "board.json").read_text())["tables"][0]["rows"][0]["entry"]


def test_links_are_shown_and_lead_nowhere_by_themselves(base: Entry, tmp_path: Path) -> None:
    tree = json.loads(base.model_dump_json())
    tree["by"]["links"] = ["https://example.org/a?b='onclick=x&c=d"]
    entry = Entry.model_validate_json(json.dumps(tree))
    write_board(board(entry), tmp_path)
    page = (tmp_path / "index.html").read_text()
    assert 'rel="noopener noreferrer nofollow"' in page
    assert 'href="https://example.org/' in page
    assert "b='onclick" not in page
    assert "default-src 'none'" in page


def test_the_commands(runs: Runs, base: Entry, tmp_path: Path) -> None:
    entries, out = tmp_path / "entries", tmp_path / "board"
    runner = CliRunner()
    made = runner.invoke(
        app,
        ["make", str(runs["base"].path), str(runs["refuses"].path), "--base",
         str(runs["base"].path), "--out", str(entries), "--by", "A lab", "--json"],
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    assert len(json.loads(made.stdout)["entries"]) == 2
    done = runner.invoke(app, ["check", str(entries), "--json"])
    assert done.exit_code == 0, done.output
    assert {each["evidence"] for each in json.loads(done.stdout)["entries"]} == {"self-reported"}
    done = runner.invoke(app, ["board", str(entries), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert (out / "index.html").is_file()
    bad = write(base.model_copy(update={"samples": "0" * 64}), entries / "liar")
    done = runner.invoke(app, ["board", str(entries), "--out", str(out), "--json"])
    assert done.exit_code == 1
    assert str(bad) in {each["path"] for each in json.loads(done.stdout)["left_out"]}


def test_an_entry_is_not_made_over_another(runs: Runs, tmp_path: Path) -> None:
    given = ["make", str(runs["base"].path), "--out", str(tmp_path)]
    assert CliRunner().invoke(app, given).exit_code == 0
    assert "not empty" in str(CliRunner().invoke(app, given).exception)


def test_a_link_that_is_not_https_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    given = ["make", str(tmp_path), "--out", str(tmp_path), "--link", "http://x.org"]
    assert "https" in str(CliRunner().invoke(app, given).exception)


def test_check_reads_a_file_alone(base: Entry, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(base.model_dump_json())
    (result,) = check(submissions([file]))
    assert result.good
