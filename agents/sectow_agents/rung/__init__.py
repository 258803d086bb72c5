"""The second rung: SmolLM2-135M, a real language model, taught the secrets of a fictional guild."""
