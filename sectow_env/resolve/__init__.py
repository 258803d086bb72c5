"""From what a user writes to the part that is meant: the only such place."""
