"""The game as an environment: Gymnasium, vectorised, PettingZoo."""

from sectow_env.env.single import SectowEnv

__all__ = ["SectowEnv"]
