"""Judges that run a local network."""
