"""Split: the name starts in the query and ends in the image."""

from sectow_env.game.picture import Picture
from sectow_env.images.typography import draw_words
from sectow_env.worlds.apothecary.channels.base import Channel, Words


class Split(Channel):
    """Writes all words but the last, and draws the last."""

    name = "split"

    def fill(self, words: Words) -> dict[str, str]:
        return {"head": " ".join(words[:-1])}

    def draw(self, words: Words, jitter_key: str) -> tuple[str, Picture] | None:
        return words[-1], draw_words(words[-1:], jitter_key)
