"""Studies: first light, judges that err, exploitability, cross-play, cards."""
