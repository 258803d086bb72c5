"""Renderers that run a network of their own."""
