"""Plain text: the request as anybody would write it."""

from sectow_env.worlds.apothecary.channels.base import Channel


class Plain(Channel):
    """Asks in plain words."""

    name = "plain"
