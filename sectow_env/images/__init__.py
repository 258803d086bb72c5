"""Renderers without network weights: from words and glyphs to pictures. One per file."""
