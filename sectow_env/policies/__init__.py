"""Policies of either seat that need no torch: behind an endpoint, mixed, defended."""
