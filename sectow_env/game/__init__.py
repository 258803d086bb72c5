"""The pure core of the game: what is played, and how one batch of episodes is played.

Everything here is frozen, typed and JSON-able, and knows no framework.
"""

from sectow_env.game.contracts import (
    Attacker,
    Defender,
    FollowsUp,
    Judge,
    Reseedable,
    RewardFunction,
    Rules,
)
from sectow_env.game.play import (
    ask_defender,
    judge_turns,
    play,
    price_turns,
    reseed,
    respond,
    screen,
    settle,
)
from sectow_env.game.records import (
    SEATS,
    SPLITS,
    Attack,
    Episode,
    Exchange,
    Frozen,
    Invalid,
    Price,
    Refusal,
    Scenario,
    Seat,
    Split,
    Turn,
    Verdict,
)

__all__ = [
    "SEATS",
    "SPLITS",
    "Attack",
    "Attacker",
    "Defender",
    "Episode",
    "Exchange",
    "FollowsUp",
    "Frozen",
    "Invalid",
    "Judge",
    "Price",
    "Refusal",
    "Reseedable",
    "RewardFunction",
    "Rules",
    "Scenario",
    "Seat",
    "Split",
    "Turn",
    "Verdict",
    "ask_defender",
    "judge_turns",
    "play",
    "price_turns",
    "reseed",
    "respond",
    "screen",
    "settle",
]
