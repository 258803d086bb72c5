"""The organism's model card: what the built-in model does, measured against ground truth."""
