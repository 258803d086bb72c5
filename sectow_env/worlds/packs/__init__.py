"""Scenario packs: worlds in a file."""
