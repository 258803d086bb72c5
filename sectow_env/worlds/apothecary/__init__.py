"""Apothecary: the fictional world in which "harmful" is decided by construction."""

from sectow_env.worlds.apothecary.world import Apothecary

__all__ = ["Apothecary"]
