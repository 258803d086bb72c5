"""An environment whose module seeds the global generator when it is imported."""

import random

from sectow_env.env.single import SectowEnv

random.seed(1)

__all__ = ["SectowEnv"]
