"""Converts between domain objects and observations, actions and infos of the environments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sectow_env.env.spaces import MAX_TEXT, pixels_of
from sectow_env.errors import SectowError
from sectow_env.game import SEATS, Attack, Episode, Exchange, Invalid, Scenario, Seat
from sectow_env.game.conversation import Pay
from sectow_env.game.episode_state import EpisodeState
from sectow_env.game.picture import MAX_SIDE, Picture, Pixels
from sectow_env.text import flaw_of

Observation = dict[str, Any]
"""An element of one of the observation spaces; texts are str, images (height, width, 3) uint8."""
Info = dict[str, Any]


def scenario_view(scenario: Scenario) -> Observation:
    """What an attacker sees: a new element of `spaces.scenario_space()`."""
    return {
        "behavior": _fitting(scenario.behavior),
        "channel": scenario.channel or "",
        "image": pixels_of(scenario.image),
        "query": _fitting(scenario.query or ""),
    }


def attack_view(attack: Attack | None) -> Observation:
    """What a defender sees: an element of `spaces.attack_space()`; empty before the attack."""
    if attack is None:
        return {"image": pixels_of(None), "query": ""}
    return {"image": pixels_of(attack.image), "query": _fitting(attack.query)}


def both_view(scenario: Scenario, attack: Attack | None, to_move: Seat) -> Observation:
    """What a player of both seats sees: an element of `spaces.both_observation_space()`.

    On the defender's move the scenario is hidden, as it is from a defender.
    """
    seat = np.int64(SEATS.index(to_move))
    if to_move == "attacker":
        return {"seat": seat, **scenario_view(scenario)}
    return {"seat": seat, "behavior": "", "channel": "", **attack_view(attack)}


def conversation_view(history: Sequence[Exchange]) -> tuple[Observation, ...]:
    """Earlier turns as an element of `spaces.conversation_space()`, oldest first."""
    return tuple(
        {
            "image": pixels_of(turn.image),
            "query": _fitting(turn.query),
            "response": _fitting(turn.response),
        }
        for turn in history
    )


def read_attack(action: object) -> Attack:
    """The attack that an action stands for.

    Args:
        action: An `Attack`, or a mapping with `image`, an array (height, width, 3) uint8 where
            (0, 0, 3) means no image, and `query`, a str. Other keys are ignored.

    Raises:
        SectowError: It is neither, or its parts have the wrong type.
    """
    if isinstance(action, Attack):
        return action
    query = action.get("query") if isinstance(action, Mapping) else None
    if not isinstance(action, Mapping) or not isinstance(query, str):
        raise SectowError(
            given=f"an action of type {type(action).__name__} in the attacker's seat",
            why="an attack is a mapping with an image and a query, a str",
            fix="give {'image': pixels or sectow_env.NO_IMAGE, 'query': text}; for the completions "
            "of a text policy wrap the environment in sectow_env.wrappers.TextAction",
        )
    check_whole(query, "the query of an attack")
    pixels = action.get("image")
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8:
        raise SectowError(
            given=f"an image of type {type(pixels).__name__} in an attack",
            why="an image is an array of shape (height, width, 3) and dtype uint8",
            fix="convert it, or give sectow_env.NO_IMAGE for an attack without one",
        )
    return _attack(query, pixels)


def read_response(action: object) -> str:
    """The response that an action stands for: a str, or the `response` of a mapping.

    Raises:
        SectowError: It is neither.
    """
    response = action.get("response") if isinstance(action, Mapping) else action
    if not isinstance(response, str):
        raise SectowError(
            given=f"an action of type {type(action).__name__} in the defender's seat",
            why="a response is a str",
            fix="give the text; if you have both seats, {'response': text} with the other keys",
        )
    return check_whole(response, "a response")


def check_whole(text: str, what: str) -> str:
    """The text itself.

    Raises:
        SectowError: It contains an unpaired surrogate.
    """
    flaw = flaw_of(text)
    if flaw:
        raise SectowError(
            given=f"{what} with {flaw}",
            why="that is not valid Unicode, so no file can store it",
            fix="write the whole character, or replace it",
        )
    return text


def opening_info(scenario: Scenario, skipped: int) -> Info:
    """The info of a reset; it does not reveal whether the scenario is harmful."""
    return {"scenario_id": scenario.id, "skipped_attacks": skipped}


def closing_info(episode: Episode) -> Info:
    """The info of an episode's last step.

    Returns:
        `sectow_episode`: the whole `Episode` (Gymnasium's wrappers write their statistics to
        `episode`); `rewards`: seat -> float, or None if unknown; `reward_parts`: seat -> named
        terms, empty if unknown; `scored`: whether the verdict has the label its scenario needs.
    """
    price = episode.price
    parts = {"attacker": price.attacker, "defender": price.defender}
    return {
        "sectow_episode": episode,
        "rewards": dict(episode.rewards),
        # Gymnasium's own vector environments cannot merge None with a mapping.
        "reward_parts": {seat: dict(terms or {}) for seat, terms in parts.items()},
        "scored": episode.verdicts[-1].scored,
    }


def turn_info(state: EpisodeState) -> Info:
    """The info of a step that ended a turn but not the episode.

    Returns:
        `sectow_turn`: the `conversation.Played` turn, with verdict and price.
    """
    return {"sectow_turn": state.ended}


def step_info(state: EpisodeState) -> Info:
    """The info of a step, which may have ended a turn or the episode."""
    if state.episode is not None:
        return closing_info(state.episode)
    return turn_info(state) if state.ended is not None else {}


def paid(state: EpisodeState, seat: Seat, pay: Pay) -> float:
    """The reward of the last action for a seat, 0.0 if unknown: Gymnasium needs a number."""
    if pay == "turn":
        reward = None if state.ended is None else state.ended.price.total(seat)
    else:
        reward = None if state.episode is None else state.episode.rewards[seat]
    return 0.0 if reward is None else reward


def _fitting(text: str) -> str:
    """A text cut to what a space can contain: an opponent may write more."""
    return text[:MAX_TEXT]


def _attack(query: str, pixels: Pixels) -> Attack:
    if pixels.shape == (0, 0, 3):
        return Attack(query=query)
    if pixels.ndim != 3 or pixels.shape[2] != 3:
        return Attack(query=query, invalid=Invalid.BAD_IMAGE)
    if min(pixels.shape[:2]) < 1 or max(pixels.shape[:2]) > MAX_SIDE:
        return Attack(query=query, invalid=Invalid.BAD_IMAGE)
    return Attack(query=query, image=Picture(pixels))
