"""Cipher: the request in the Old Tongue. Test only: never in any RL phase."""

from sectow_env.worlds.apothecary.channels.base import Channel, Words
from sectow_env.worlds.apothecary.names import TO_OLD_TONGUE


class Cipher(Channel):
    """Writes frame and name in the second language."""

    name = "cipher"

    def fill(self, words: Words) -> dict[str, str]:
        return {"old": " ".join(TO_OLD_TONGUE.get(word, word) for word in words)}
