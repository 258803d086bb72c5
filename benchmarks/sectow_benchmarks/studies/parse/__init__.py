"""How often what an untrained model writes for a channel can be read."""
