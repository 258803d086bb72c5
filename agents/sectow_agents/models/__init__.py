"""Local models: how they are loaded, asked and sampled."""
