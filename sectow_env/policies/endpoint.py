"""Models behind an endpoint in the seats of the game, by name."""

from __future__ import annotations

from sectow_env.endpoint.model import EndpointModel
from sectow_env.endpoint.settings import endpoint_settings
from sectow_env.game.world import World
from sectow_env.policies.chat import ChatAttacker, ChatDefender


def defender(
    *,
    world: World | None = None,
    base_url: str,
    model: str,
    system: str | None = None,
    **settings: object,
) -> ChatDefender:
    """The registered `endpoint/defender`.

    Where answers are drawn (a temperature other than 0) and `reseed` gave no seeds, the same attack
    gets another answer each time; a second run of the same program gets the same ones again.

    Args:
        world: Not used; every factory of a policy is offered one.
        base_url: Of the server.
        model: As the server names it.
        system: System prompt for attacks that bring none.
        **settings: Further fields of `EndpointSettings`.

    Raises:
        ConfigError: The settings cannot work.
    """
    del world
    return ChatDefender(_model(base_url, model, settings), system=system)


def attacker(
    *,
    world: World,
    base_url: str,
    model: str,
    system: str | None = None,
    template: str | None = None,
    structured: bool = False,
    **settings: object,
) -> ChatAttacker:
    """The registered `endpoint/attacker`.

    Args:
        world: Reads the completions.
        base_url: Of the server.
        model: As the server names it.
        system: System prompt, or None.
        template: As in `ChatAttacker`.
        structured: The server enforces the form of attacks through channels for packs, by a JSON
            schema (`response_format`).
        **settings: Further fields of `EndpointSettings`.

    Raises:
        ConfigError: The template or the settings cannot work.
    """
    return ChatAttacker(
        _model(base_url, model, settings, structured=structured), None, world, template, system
    )


def _model(
    base_url: str, model: str, settings: dict[str, object], *, structured: bool = False
) -> EndpointModel:
    given = endpoint_settings(**{**settings, "base_url": base_url, "model": model})
    return EndpointModel(given, fresh=True, structured=structured)
