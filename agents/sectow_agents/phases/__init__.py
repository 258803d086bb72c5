"""One GRPO phase of either seat, on TRL's `GRPOTrainer`."""
