"""The phases of a round: what each seat is trained on."""
