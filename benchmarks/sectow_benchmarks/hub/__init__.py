"""What leaves this machine: evaluations and packs as data sets, checkpoints with a card."""
