"""Models of transformers in the seats of the game, by name."""

from __future__ import annotations

from pathlib import Path

from sectow_agents.models.chat_model import LocalModel
from sectow_agents.policies.asking import read_asking
from sectow_env.game.decoding import Decoding
from sectow_env.game.world import World
from sectow_env.policies.chat import ChatAttacker, ChatDefender
from sectow_env.resolve.worlds import load_world


def defender(
    path: str | Path,
    *,
    world: str | World | None = None,  # noqa: ARG001  (passed to every factory of a policy)
    system: str | None = None,
    sampled: bool = False,
    temperature: float = 1.0,
    max_new_tokens: int | None = None,
    seed: int = 0,
) -> ChatDefender:
    """The registered `transformers/defender`: any model of transformers in the defender's seat.

    Args:
        path: Folder or hub id. A checkpoint of a training run brings its system prompt and the
            length of its answers.
        world: Not used.
        system: System prompt; default: the checkpoint's, else none.
        sampled: Draw at random instead of greedily.
        temperature: Divides the logits of sampled answers.
        max_new_tokens: Longest answer, in tokens; default: the checkpoint's, else 256.
        seed: Seed of the draws.
    """
    asking = read_asking(path)
    decoding = Decoding(sampled, temperature, max_new_tokens or asking.max_new_tokens, seed)
    system = asking.system if system is None else system
    return ChatDefender(LocalModel(path), decoding, system)


def attacker(
    path: str | Path,
    *,
    world: str | World,
    template: str | None = None,
    system: str | None = None,
    sampled: bool = True,
    temperature: float = 1.0,
    max_new_tokens: int | None = None,
    seed: int = 0,
) -> ChatAttacker:
    """The registered `transformers/attacker`: any model of transformers in the attacker's seat.

    Args:
        path: Folder or hub id. A checkpoint of a training run brings how it is asked.
        world: Parses and renders what the model writes.
        template: How the model is asked; default: as the checkpoint was.
        system: System prompt; default: the checkpoint's, else none.
        sampled: Draw at random instead of greedily.
        temperature: Divides the logits of sampled attacks.
        max_new_tokens: Longest completion, in tokens; default: the checkpoint's, else 256.
        seed: Seed of the draws.
    """
    asking = read_asking(path)
    decoding = Decoding(sampled, temperature, max_new_tokens or asking.max_new_tokens, seed)
    template = template or asking.template
    system = asking.system if system is None else system
    return ChatAttacker(LocalModel(path), decoding, load_world(world), template, system)
