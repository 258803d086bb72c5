"""How people see an episode: as a transcript, as a card, in a terminal."""
