"""Runs a check; an exception in it becomes a finding."""

from __future__ import annotations

import io
import re
import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from inspect import getdoc, isgeneratorfunction
from types import ModuleType
from typing import Any, TypeAlias, TypeVar

from sectow_env.check.fault import Fault, Skip
from sectow_env.check.result import CheckResult, Kind, Outcome

S = TypeVar("S")
Check: TypeAlias = Callable[[S], Iterable[str]]
"""A named, documented function of a subject that yields findings."""
MAX_FINDINGS = 5
"""Findings of a check that are listed; the rest are counted."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def checks_in(*modules: ModuleType) -> tuple[Check[Any], ...]:
    """The checks of some modules, in the order in which they are written there.

    Every public generator of a module is one: a new check need not be listed anywhere.
    """
    return tuple(
        check
        for module in modules
        for name, check in vars(module).items()
        if isgeneratorfunction(check)
        and check.__module__ == module.__name__
        and not name.startswith("_")
    )


def summary_of(check: Check[Any]) -> str:
    """The first line of a check's documentation: what is true when it passes."""
    return (getdoc(check) or "").partition("\n")[0]


def name_of(check: Check[Any]) -> str:
    """A check's name."""
    return check.__name__


def run_check(kind: Kind, name: str, subject: S, check: Check[S]) -> CheckResult:
    """The result of one check."""
    start = time.perf_counter()
    # Warnings go into the result; what a subject prints would break the table or the JSON.
    with warnings.catch_warnings(record=True) as caught, redirect_stdout(io.StringIO()):
        warnings.simplefilter("always")
        outcome, message = _outcome(subject, check)
    distinct = dict.fromkeys(plain_warning(warning.message) for warning in caught)
    return CheckResult(
        name=name_of(check),
        kind=kind,
        subject=name,
        outcome=outcome,
        message=message,
        warnings=tuple(distinct),
        seconds=time.perf_counter() - start,
    )


def plain_warning(message: Warning | str) -> str:
    """A warning as one line without colours."""
    return _COLOUR.sub("", str(message)).strip().partition("\n")[0]


def _outcome(subject: S, check: Check[S]) -> tuple[Outcome, str]:
    findings: list[str] = []
    try:
        findings.extend(check(subject))
    except Skip as skip:
        if not findings:
            return "skipped", str(skip)
    except Fault as fault:
        findings.append(str(fault))
    except Exception as error:  # noqa: BLE001  (it is reported, and the other checks still run)
        findings.append(f"the check itself raised {type(error).__name__}: {error}")
    if not findings:
        return "passed", summary_of(check)
    return "failed", "\n".join(_shortened(list(dict.fromkeys(findings))))


def _shortened(findings: list[str]) -> list[str]:
    more = len(findings) - MAX_FINDINGS
    return findings[:MAX_FINDINGS] + ([f"and {more} more"] if more > 0 else [])
