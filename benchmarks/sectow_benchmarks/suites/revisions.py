"""The suites of the measured world and their revisions."""

from __future__ import annotations

from collections.abc import Mapping

REVISIONS: Mapping[str, int] = {
    "safety": 1,
    "twins": 1,
    "recall": 1,
    "general": 1,
    "attacks": 1,
    "learned": 1,
    "learned_free": 1,
    "ceiling": 1,
}
"""Goes up with every change of what a suite asks or how it is scored."""
OF_THE_WORLD = ("safety", "twins", "recall", "general")
"""Suites that follow from the world and the settings alone."""
OF_ATTACKERS = ("learned", "learned_free", "ceiling")
"""Suites in which each defender meets attacks of its own; others ask all the same."""
FOREIGN = "lm_eval/"
"""What the names of suites begin with that are tasks of lm-eval."""
