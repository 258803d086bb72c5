"""Cross-play: every attacker against every defender, over rounds and runs."""
