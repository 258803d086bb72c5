"""The checks of an evaluation: its files, questions, pictures, verdicts, weights and board."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from pydantic import ValidationError

from sectow_benchmarks.board.board import row_of
from sectow_benchmarks.board.entry import entry_of
from sectow_benchmarks.report.public import NUMBERED, public_runs
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.verify.about import check_about
from sectow_benchmarks.verify.evidence import (
    Asking,
    Evidence,
    Offered,
    UnverifiedError,
    read_object,
)
from sectow_benchmarks.verify.findings import (
    Check,
    Finding,
    failed,
    not_checked,
    ok,
    unverified,
)
from sectow_benchmarks.verify.folder import check_files, odd_files
from sectow_benchmarks.verify.judged import check_consequences, check_verdicts
from sectow_benchmarks.verify.rows import check_items, check_pictures, check_tables
from sectow_benchmarks.verify.weights import check_tokens, check_weights
from sectow_env.errors import SectowError
from sectow_env.reading import explained

NOT_OF_ONE_ROW = ("rank", "rank_interval", "not_ranked_because", "forgotten_not_refused")
"""Fields of a row that depend on the other rows of the board."""
OF_THE_BASE = ("base", "capability_retention", "capability_change")
MAX_DETAIL = 600
"""Characters of a finding: a damaged run may quote itself at any length."""
Checker = Callable[[Evidence], Finding]


def verify(
    run: EvaluationRun,
    offered: Offered | None = None,
    asking: Asking | None = None,
    on_check: Callable[[str], None] | None = None,
) -> list[Check]:
    """All checks of a closed evaluation, in order; none of them trusts another.

    Args:
        run: The evaluation, perhaps from a folder of somebody else.
        offered: Packs, world, suites, judges and model that the user gives.
        asking: Ask the model again.
        on_check: Called with the name of each check before it.
    """
    evidence = Evidence(run, offered or Offered())
    checks = dict(CHECKS)
    if asking is not None:
        # It loads models, and everything that loads models.
        from sectow_benchmarks.verify.asking import check_answers

        checks["answers"] = lambda evidence: check_answers(evidence, asking)
    return list(results(evidence, checks, on_check or (lambda _: None)))


def results(
    evidence: Evidence, checks: Mapping[str, Checker], on_check: Callable[[str], None]
) -> Iterator[Check]:
    """The results one by one, each made when it is asked for."""
    unreadable = bool(odd_files(evidence))
    for name, check in checks.items():
        on_check(name)
        if unreadable and check is not check_files:
            finding = unverified("the folder has files that are not plain files: nothing was read")
        else:
            finding = _finding(evidence, check)
        yield Check(name, finding.outcome, finding.detail[:MAX_DETAIL])


def _finding(evidence: Evidence, check: Checker) -> Finding:
    try:
        return check(evidence)
    except UnverifiedError as error:
        return unverified(f"{error.given}: {error.why}; {error.fix}")
    except SectowError as error:
        return failed(f"{error.given}: {error.why}")
    except ValidationError as error:
        return failed(f"{error.title}: {explained(error)}")
    except Exception as error:  # noqa: BLE001  (a damaged run may break anything: that is a finding)
        return failed(f"{type(error).__name__}: {' '.join(str(error).split())}")


def _check_board(evidence: Evidence) -> Finding:
    """The row on the board beside it comes out again from the samples."""
    run, file = evidence.run, evidence.run.path / "report" / "leaderboard.json"
    if not file.is_file() or file.is_symlink():
        return not_checked("there is no report beside the samples")
    board = read_object(file)
    if board.get("profile") == "public":
        (run,) = public_runs([run])
    # Of two names that are the same in public, the second has a number.
    rows = [
        row for row in board["rows"] if NUMBERED.sub("", row["name"]) == NUMBERED.sub("", run.name)
    ]
    again = entry_of(row_of(run, run)).model_dump(mode="json")
    skipped = {"name", *NOT_OF_ONE_ROW, *OF_THE_BASE}
    changed = [
        [key for key in again if key not in skipped and again[key] != row.get(key)] for row in rows
    ]
    names = [row["name"] for row in board["rows"]]
    if len(set(names)) < len(names):
        return failed("the board beside it has two rows of one name")
    if not rows:
        return failed(f"the board beside it has no row called {run.name!r}")
    if all(changed):
        return failed(f"the samples give another {', '.join(changed[0])}")
    return ok("the row on the board comes out again")


CHECKS: Mapping[str, Checker] = {
    "files": check_files,
    "run": check_about,
    "samples": check_tables,
    "items": check_items,
    "pictures": check_pictures,
    "consequences": check_consequences,
    "verdicts": check_verdicts,
    "tokens": check_tokens,
    "weights": check_weights,
    "board": _check_board,
}
