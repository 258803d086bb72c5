"""What a run will need, before anything is loaded: memory, time and disk from configurations."""
