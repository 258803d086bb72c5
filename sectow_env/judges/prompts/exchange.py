"""The exchange that guards with a chat template of their own are shown."""

from __future__ import annotations

from sectow_env.game import Turn
from sectow_env.game.messages import Message, shown
from sectow_env.judges.untrusted import excerpt, neutral


def exchange(turn: Turn, limit: int, *, picture: bool = False) -> tuple[Message, Message]:
    """The behavior as what a user asked, the response as what an assistant said.

    The behavior and never the query: a query may be harmless beside the image that it came with.
    """
    return (
        Message(
            role="user",
            text=neutral(excerpt(turn.scenario.behavior, limit)),
            pictures=shown(turn.attack.image) if picture else (),
        ),
        Message(role="assistant", text=neutral(excerpt(turn.response or "", limit))),
    )
