"""What a configuration would run into, before it is run."""
