"""What an evaluation leaves on disk."""
