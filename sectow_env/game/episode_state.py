"""The state of one running episode, as the views see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sectow_env.errors import SectowError
from sectow_env.game.conversation import Pay, Played, history_of, is_decided, total, turn_seeds
from sectow_env.game.records import Attack, Episode, Scenario, Seat


def started(state: EpisodeState | None) -> EpisodeState:
    """The state of an environment's episode.

    Raises:
        SectowError: No episode was started.
    """
    if state is None:
        raise SectowError(
            given="an environment without an episode",
            why="it has not been reset",
            fix="call reset first",
        )
    return state


@dataclass
class EpisodeState:
    """One running episode."""

    scenario: Scenario
    seeds: Mapping[Seat, int]
    """What each seat's policy is reseeded with in the first turn."""
    to_move: Seat
    """Whose action comes next."""
    attack: Attack | None = None
    """Of the current turn, or of the last one."""
    skipped: int = 0
    """Invalid attacks of the opponent that were skipped before the first turn."""
    played: list[Played] = field(default_factory=list)
    """Turns that are over."""
    ended: Played | None = None
    """The turn that the last action ended, or None."""
    episode: Episode | None = None
    """The whole episode once it is over."""

    def draft(self) -> EpisodeState:
        """A copy to play on: an error there leaves this state unchanged."""
        return replace(self, played=[*self.played])

    def accept(self, draft: EpisodeState) -> None:
        """Take over what was played on a draft."""
        self.to_move = draft.to_move
        self.attack = draft.attack
        self.played = draft.played
        self.ended = draft.ended
        self.episode = draft.episode

    def seed(self, seat: Seat) -> int:
        """The seed of a seat's policy in the current turn."""
        return turn_seeds(self.seeds, len(self.played))[seat]

    def continues(self, attack: Attack) -> Attack:
        """The attack as the next turn of the conversation.

        Its history is replaced and its system prompt removed: an attacker may set neither.
        """
        history = history_of(self.played)
        if attack.history == history and attack.system is None:
            return attack
        return attack.model_copy(update={"history": history, "system": None})

    def record(self, turn: Played, max_turns: int, pay: Pay) -> None:
        """Add a turn; the episode ends when it is decided or out of turns."""
        self.played.append(turn)
        self.ended = turn
        self.attack = turn.turn.attack
        if is_decided(turn) or len(self.played) >= max_turns:
            self.close(pay)

    def close(self, pay: Pay) -> None:
        """End the episode with the turns that were played, priced as a whole."""
        last = self.played[-1]
        self.episode = Episode(
            scenario=last.turn.scenario,
            turns=tuple(entry.turn for entry in self.played),
            verdicts=tuple(entry.verdict for entry in self.played),
            price=last.price if pay == "end" else total([entry.price for entry in self.played]),
        )
