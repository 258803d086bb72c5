"""Scenario packs: worlds that are a file."""
