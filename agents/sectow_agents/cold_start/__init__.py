"""Cold start: an attacker learns from attacks that worked, before it learns by reward."""
