"""Role play: the request inside a story, a play or an order."""

from sectow_env.worlds.apothecary.channels.base import Channel


class RolePlay(Channel):
    """Asks from within a fiction."""

    name = "role_play"
