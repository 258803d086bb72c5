"""Data of the page in scripts beside it, loaded on demand: a page from disk may fetch nothing else.

A script contains one call with one text, which the page parses as JSON: nothing of the data runs.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

NAME = "sectow"
"""What the page calls the function that takes them."""
WIDTHS = ((1, 2**8), (2, 2**16), (4, 2**32))
"""Bytes of a code, and how many words it tells apart."""


def script(name: str, tree: Any) -> str:
    """The script that gives the page some data."""
    text = json.dumps(tree, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # In ASCII, so that no character ends a line or a text of the script.
    return f"{NAME}({json.dumps(name)},{json.dumps(text)})\n"


def column(values: Sequence[str]) -> Mapping[str, Any]:
    """Words once each, and for every row the number of its word, little-endian in base64."""
    import numpy as np
    import pandas as pd

    codes, words = pd.factorize(np.asarray(values, dtype=object))
    width = next(width for width, most in WIDTHS if len(words) <= most)
    packed = codes.astype(f"<u{width}").tobytes()
    return {
        "words": [str(word) for word in words],
        "width": width,
        "codes": base64.b64encode(packed).decode("ascii"),
    }
