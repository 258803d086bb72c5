"""The command line: `sectow` and the commands that need no extra."""
