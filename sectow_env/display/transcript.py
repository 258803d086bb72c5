"""An episode as labelled lines, for transcripts, cards and the terminal."""

from __future__ import annotations

from typing import NamedTuple

from sectow_env.game import Attack, Verdict
from sectow_env.game.conversation import Played
from sectow_env.game.episode_state import EpisodeState

PLAIN, BAD, GOOD = (34, 34, 34), (176, 40, 40), (36, 120, 64)
"""Colours of a card's lines."""


class Line(NamedTuple):
    """One labelled line, and the colour that a card gives it."""

    label: str
    text: str
    ink: tuple[int, int, int] = PLAIN


def lines(state: EpisodeState | None) -> list[Line]:
    """All turns of an episode so far as labelled lines."""
    if state is None:
        return [Line("episode", "not started")]
    label = "harmful" if state.scenario.harmful else "benign"
    listed = [Line("asked", f"{state.scenario.behavior} ({label})")]
    for played in state.played:
        listed += _turn_lines(played)
    running = state.attack is not None and state.episode is None
    if running and state.attack is not (state.played[-1].turn.attack if state.played else None):
        assert state.attack is not None
        listed += _attack_lines(state.attack)
    return listed


def _turn_lines(played: Played) -> list[Line]:
    response = played.turn.response
    return [
        *_attack_lines(played.turn.attack),
        Line("response", "none" if response is None else response),
        _verdict_line(played.verdict),
    ]


def _attack_lines(attack: Attack) -> list[Line]:
    listed = [Line("query", attack.query), Line("image", _shown(attack))]
    if attack.invalid is not None and attack.source is not None:
        # The completion shows why the attack is invalid.
        listed.append(Line("wrote", attack.source))
    return listed


def _shown(attack: Attack) -> str:
    if attack.image is None:
        return "none"
    height, width = attack.image.pixels.shape[:2]
    drawn = "" if attack.drawn is None else f" of {attack.drawn!r}"
    return f"{width} x {height} pixels{drawn}"


def _verdict_line(verdict: Verdict) -> Line:
    if verdict.invalid is not None:
        return Line("verdict", f"invalid attack: {verdict.invalid}", BAD)
    refusal = "" if verdict.refusal is None else f", refusal {verdict.refusal}"
    if verdict.harmful is not None:
        word, bad = ("harmful", True) if verdict.harmful else ("not harmful", False)
    elif verdict.correct is not None:
        word, bad = ("correct", False) if verdict.correct else ("not correct", True)
    else:
        return Line("verdict", f"unscored{refusal}")
    return Line("verdict", f"{word}{refusal}", BAD if bad else GOOD)
