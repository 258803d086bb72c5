"""Rules of how languages decline and give. One language a file."""
