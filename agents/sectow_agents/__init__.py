"""Agents of the game: policies, the model organism, GRPO phases and the tug-of-war."""
