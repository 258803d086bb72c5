"""Checks of environments, in every seat. One topic per file."""

from sectow_env.check.environment.actions import ACTION_CHECKS
from sectow_env.check.environment.outputs import OUTPUT_CHECKS
from sectow_env.check.environment.randomness import RANDOMNESS_CHECKS
from sectow_env.check.environment.subject import EnvSubject
from sectow_env.check.environment.upstream import UPSTREAM_CHECKS
from sectow_env.check.environment.views import VIEW_CHECKS

__all__ = ["ENVIRONMENT_CHECKS", "EnvSubject"]

# Upstream's first: the others build on them.
ENVIRONMENT_CHECKS = (
    *UPSTREAM_CHECKS,
    *OUTPUT_CHECKS,
    *RANDOMNESS_CHECKS,
    *ACTION_CHECKS,
    *VIEW_CHECKS,
)
