"""Renderers: from words and glyphs to pictures, without network weights. One a file."""
