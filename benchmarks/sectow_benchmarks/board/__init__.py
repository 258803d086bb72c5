"""The leaderboard: figures, comparability, rank, files."""
