"""Verification: whether an evaluation is what it says it is, and may stand beside others."""

from sectow_benchmarks.verify.checks import CHECKS, Check, verify

__all__ = ["CHECKS", "Check", "verify"]
