"""What people see of an episode: a transcript, a card, a terminal."""
