"""Benchmarks of the game: suites on lm-eval, cross-play, leaderboard and report."""
