"""Measures a defender: what is asked of it, and by what means."""
