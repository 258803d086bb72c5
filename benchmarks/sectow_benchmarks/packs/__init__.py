"""Builds scenario packs from public sources."""
