"""Suites: what is asked, from where, and how it is read."""
