"""Worlds: sources of scenarios with their channels, rules and judge."""
