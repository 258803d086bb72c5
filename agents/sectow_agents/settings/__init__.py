"""All settings of a training run, and where its randomness comes from."""
