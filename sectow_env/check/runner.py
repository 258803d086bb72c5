"""Runs checks one after the other; what one of them raises stops none of the others."""

from __future__ import annotations

import io
import re
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stdout
from inspect import getdoc
from typing import Any, TypeAlias, TypeVar

from sectow_env.check.fault import Fault, Skip
from sectow_env.check.result import CheckResult, Kind, Outcome

S = TypeVar("S")
Check: TypeAlias = Callable[[S], Iterable[str]]
"""A named, documented function of a subject that yields findings."""
MAX_FINDINGS = 5
"""Findings of one check that are told; the others are counted."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def run_checks(kind: Kind, name: str, subject: S, checks: Sequence[Check[S]]) -> list[CheckResult]:
    """One result a check, in order.

    Args:
        kind: Kind of the subject.
        name: The subject as the user named it.
        subject: Handed to every check.
        checks: The checks.
    """
    return [_run(kind, name, subject, check) for check in checks]


def summary_of(check: Check[Any]) -> str:
    """The first line of a check's documentation: what holds when it passes."""
    return (getdoc(check) or "").partition("\n")[0]


def name_of(check: Check[Any]) -> str:
    """A check's name."""
    return check.__name__


def _run(kind: Kind, name: str, subject: S, check: Check[S]) -> CheckResult:
    start = time.perf_counter()
    # A subject's warnings are told in the result; what it prints would spoil the table or the JSON.
    with warnings.catch_warnings(record=True) as caught, redirect_stdout(io.StringIO()):
        warnings.simplefilter("always")
        outcome, says = _look(subject, check)
    told = dict.fromkeys(plain_warning(one.message) for one in caught)
    return CheckResult(
        name=name_of(check),
        kind=kind,
        subject=name,
        outcome=outcome,
        says=says,
        warnings=tuple(told),
        seconds=time.perf_counter() - start,
    )


def plain_warning(message: Warning | str) -> str:
    """A warning as one line without colours."""
    return _COLOUR.sub("", str(message)).strip().partition("\n")[0]


def _look(subject: S, check: Check[S]) -> tuple[Outcome, str]:
    findings: list[str] = []
    try:
        findings.extend(check(subject))
    except Skip as skip:
        if not findings:
            return "skipped", str(skip)
    except Fault as fault:
        findings.append(str(fault))
    except Exception as error:  # noqa: BLE001  (whatever goes wrong is told, and the others go on)
        findings.append(f"the check itself raised {type(error).__name__}: {error}")
    if not findings:
        return "passed", summary_of(check)
    return "failed", "\n".join(_shortened(list(dict.fromkeys(findings))))


def _shortened(findings: list[str]) -> list[str]:
    more = len(findings) - MAX_FINDINGS
    return findings[:MAX_FINDINGS] + ([f"and {more} more"] if more > 0 else [])
