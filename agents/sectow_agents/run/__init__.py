"""A training run: its folder, monitor, league and processes."""
