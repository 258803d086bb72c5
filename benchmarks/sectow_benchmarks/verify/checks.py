"""The checks of an evaluation: its files, questions, pictures, verdicts, weights and board."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from pydantic import ValidationError

from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.verify.about import check_about
from sectow_benchmarks.verify.board import check_board
from sectow_benchmarks.verify.evidence import (
    Asking,
    Evidence,
    Offered,
    UnverifiedError,
)
from sectow_benchmarks.verify.findings import (
    Check,
    Finding,
    failed,
    unverified,
)
from sectow_benchmarks.verify.folder import check_files, odd_files
from sectow_benchmarks.verify.judged import check_consequences, check_verdicts
from sectow_benchmarks.verify.rows import check_items, check_pictures, check_tables
from sectow_benchmarks.verify.weights import check_tokens, check_weights
from sectow_env.errors import SectowError
from sectow_env.reading import explained

MAX_DETAIL = 600
"""Characters of a finding: a damaged run may quote itself at any length."""
Checker = Callable[[Evidence], Finding]


def verify(
    run: EvaluationRun,
    offered: Offered | None = None,
    asking: Asking | None = None,
    on_check: Callable[[str], None] | None = None,
) -> list[Check]:
    """All checks of a closed evaluation, in order; none of them trusts another."""
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
    "board": check_board,
}
