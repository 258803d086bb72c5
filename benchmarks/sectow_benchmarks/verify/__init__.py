"""Verification: whether an evaluation is what it says it is, and may be ranked beside others."""
