"""Fonts that hold any script: which font has a character, and that font at a size.

They come from the package index (the extra `fonts`), never from the system, so the same text gives
the same pixels on every machine. All are under the SIL Open Font License.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, NamedTuple

from PIL import ImageFont, features

from sectow_env.errors import ConfigError, MissingExtraError
from sectow_env.registry.extras import missing

Family = Literal["sans", "serif", "mono"]
_SANS = ("manimgx_fonts", "NotoSans[wght].ttf")
_CJK = ("manimgx_fonts_cjk", "NotoSansCJK-VF.otf.ttc")
_FIRST: dict[Family, tuple[str, str]] = {
    "sans": _SANS,
    "serif": ("fontpkg_noto_serif", "files/NotoSerif[wdth,wght].ttf"),
    "mono": ("fontpkg_jetbrains_mono", "files/JetBrainsMono[wght].ttf"),
}
# Of two fonts with a character the earlier is taken.
_SCRIPTS = (
    *("Arabic", "Armenian", "Bengali", "Devanagari", "Ethiopic", "Georgian", "Gujarati"),
    *("Gurmukhi", "Hebrew", "Kannada", "Khmer", "Lao", "Malayalam", "Myanmar", "Oriya", "Sinhala"),
    *("Tamil", "Telugu", "Thai", "Symbols"),
)
_OTHERS = (
    _SANS,
    *(("manimgx_fonts", f"NotoSans{script}[wght].ttf") for script in _SCRIPTS),
    ("manimgx_fonts", "NotoEmoji[wght].ttf"),
    _CJK,
)
_JOINERS = frozenset("\u200c\u200d\ufe0e\ufe0f")
"""Change how their neighbours look, and need no glyph."""


class Face(NamedTuple):
    """A font file."""

    file: str

    def at(self, size: int, weight: int = 400) -> ImageFont.FreeTypeFont:
        """The font at a size in pixels; its weight is 400 for regular, 700 for bold."""
        return _loaded(self.file, size, weight)

    @property
    def characters(self) -> frozenset[int]:
        """Code points that it has glyphs for."""
        return _characters(self.file)


@lru_cache(maxsize=8192)
def face_of(cluster: str, family: Family, before: Face | None = None) -> Face | None:
    """The font that has all characters of a cluster, or None.

    Args:
        cluster: What a reader sees as one character: a letter with its marks, an emoji.
        family: Its font is tried first.
        before: The font of the text before, which keeps spaces and punctuation where it has them.

    Raises:
        MissingExtraError: The fonts are not installed.
    """
    needed = {ord(character) for character in cluster if character not in _JOINERS}
    sticky = before is not None and unicodedata.category(cluster[0])[0] in "PSZN"
    for face in (*([before] if before is not None and sticky else []), *_chain(family)):
        if needed <= face.characters:
            return face
    return None


@lru_cache(maxsize=3)
def _chain(family: Family) -> tuple[Face, ...]:
    if absent := missing("fonts"):
        raise MissingExtraError("drawing a page of text", ", ".join(absent), "fonts")
    return tuple(Face(_path(*entry)) for entry in (_FIRST[family], *_OTHERS))


def _path(package: str, file: str) -> str:
    spec = find_spec(package)
    assert spec is not None and spec.submodule_search_locations, "its extra is installed"
    return str(Path(next(iter(spec.submodule_search_locations))) / file)


@lru_cache(maxsize=64)
def _characters(file: str) -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(file, fontNumber=0, lazy=True) as font:
        return frozenset(font.getBestCmap())


@lru_cache(maxsize=512)
def _loaded(file: str, size: int, weight: int) -> ImageFont.FreeTypeFont:
    if not features.check("raqm"):
        raise ConfigError(
            given="a page of text",
            why="this build of Pillow has no Raqm, so it would draw many scripts wrong",
            fix="install Pillow's wheel from the package index, which has it",
        )
    font = ImageFont.truetype(file, size, layout_engine=ImageFont.Layout.RAQM)
    font.set_variation_by_axes(
        [
            min(axis["maximum"] or 0, weight) if axis["name"] == b"Weight" else axis["default"] or 0
            for axis in font.get_variation_axes()
        ]
    )
    return font
