"""Local models in either seat."""
