"""Policies that run a model: how they are asked, how they generate, how they are loaded."""
