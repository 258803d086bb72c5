"""Checks of environments, in every seat. One topic per file."""
