"""Conformance: does an environment, world, judge, policy or channel keep its promises?

    from sectow_env.check import check

    results = check("mine/strict")

Every check is a function of one subject that yields findings, a text each; none means that it
passed. One that cannot look raises `Skip`. What a part of the user raises is a finding too.
"""

from sectow_env.check.checks_by_kind import CHECKS_BY_KIND, check
from sectow_env.check.result import CheckResult, Kind, Outcome

__all__ = ["CHECKS_BY_KIND", "CheckResult", "Kind", "Outcome", "check"]
