"""Reversed: the name is written backwards, or misspelt."""

from sectow_env.worlds.apothecary.channels.base import Channel, Words


class Reversed(Channel):
    """Writes the name's words in the wrong order."""

    name = "reversed"

    def fill(self, words: Words) -> dict[str, str]:
        return {
            "reversed": " ".join(reversed(words)),
            "misspelt": " ".join((*reversed(words[:2]), *words[2:])),
        }
