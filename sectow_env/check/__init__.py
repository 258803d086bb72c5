"""Conformance: does an environment, world, judge, policy or channel keep its promises?

    from sectow_env.check import check

    results = check("mine/strict")

Every check is a function of a subject that yields its findings as texts; no finding means that it
passed. A check that does not apply raises `Skip`. An exception in a user's part is a finding too.
"""

from sectow_env.check.checks_by_kind import CHECKS_BY_KIND, check
from sectow_env.check.result import CheckResult, Kind, Outcome

__all__ = ["CHECKS_BY_KIND", "CheckResult", "Kind", "Outcome", "check"]
