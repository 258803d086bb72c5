"""Judges after the fact: judging a run again, audits against people."""
