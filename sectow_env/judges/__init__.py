"""Judges: components that look at a turn and return a verdict. One a file."""
