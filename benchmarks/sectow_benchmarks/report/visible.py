"""Characters that no reader sees, made visible: they could hide or turn around what is shown."""

from __future__ import annotations

BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Controls of the direction of writing."""
OTHERS = (*range(0x7F, 0xA0), 0x2028, 0x2029, 0x200B, 0x2060, 0xFEFF, 0xAD)
"""DEL and the C1 controls, separators, and what has no width."""
KEPT = "\t\n"
_PICTURES = 0x2400
"""Where the pictures of the C0 controls begin."""
_VISIBLE = {
    **{code: chr(_PICTURES + code) for code in range(0x20) if chr(code) not in KEPT},
    **{code: f"\N{LEFT CEILING}U+{code:04X}\N{RIGHT CEILING}" for code in (*BIDI, *OTHERS)},
}


def visible(text: str) -> str:
    """The text with such characters spelt out; line breaks and tabs stay."""
    return text.translate(_VISIBLE)
