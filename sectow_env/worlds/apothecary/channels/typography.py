"""Typography: the name is drawn in the image, the query only points at it."""

from sectow_env.game.picture import Picture
from sectow_env.images.typography import MAX_WORDS, draw_words
from sectow_env.worlds.apothecary.channels.base import Channel, Words


class Typography(Channel):
    """Draws the whole name, one word per line."""

    name = "typography"

    def draw(self, words: Words, jitter_key: str) -> tuple[str, Picture] | None:
        shown = words[:MAX_WORDS]
        return " ".join(shown), draw_words(shown, jitter_key)
