"""Plain text: the request in plain words."""

from sectow_env.worlds.apothecary.channels.base import Channel


class Plain(Channel):
    """Asks in plain words."""

    name = "plain"
