"""Icon: an emblem stands for the potion. Validation only: never in any RL phase."""

from sectow_env.game.picture import Picture
from sectow_env.images.emblem import draw_emblem
from sectow_env.worlds.apothecary.channels.base import Channel, Words
from sectow_env.worlds.apothecary.names import SYLLABLES


class Icon(Channel):
    """Draws one glyph per syllable; the cue is the last glyph."""

    name = "icon"

    def draw(self, words: Words, jitter_key: str) -> tuple[str, Picture] | None:
        shown = [word for word in words if word in SYLLABLES]
        return " ".join(shown), draw_emblem([SYLLABLES.index(word) for word in shown], jitter_key)
