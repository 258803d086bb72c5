"""What TRL calls to price completions: a thin view of the game.

The trainer and the environment play the same game: both end in `sectow_env.game.settle`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sectow_agents.processes import ALONE
from sectow_env.errors import ConfigError
from sectow_env.game import Defender, Episode, Scenario, Seat, Turn
from sectow_env.game.referee import Referee
from sectow_env.game.seeds import MAX_SEED
from sectow_env.game.world import Item, attacks_of

Completion = Sequence[Mapping[str, Any]]
"""One assistant message, as TRL passes it for conversational prompts."""


class SeatReward(ABC):
    """Prices the completions of one seat and keeps the episodes for the log.

    An unscored episode has the reward None: TRL leaves it out of the baseline, its advantage is 0.
    Of several processes each prices its own completions.
    """

    seat: Seat

    def __init__(self) -> None:
        # TRL names its metrics after the function.
        self.__name__ = self.seat
        self.share = ALONE
        self._scored_any = False
        self._fresh: list[Episode] = []

    def __call__(
        self, *, completions: Sequence[Completion], item: Sequence[int], **_: object
    ) -> list[float | None]:
        """One reward per completion.

        Args:
            completions: What the policy wrote.
            item: The dataset's column of that name, repeated for each group.
            _: Prompts, token ids and further things that TRL offers.
        """
        texts = [str(completion[-1]["content"]).strip() for completion in completions]
        episodes = self.play(item, texts)
        rewards = [episode.price.total(self.seat) for episode in episodes]
        if not self._scored_any:
            self._must_score(episodes, rewards)
        self._fresh += episodes
        return rewards

    @abstractmethod
    def play(self, items: Sequence[int], texts: Sequence[str]) -> list[Episode]:
        """The episodes that the completions lead to."""

    def _must_score(self, episodes: Sequence[Episode], rewards: Sequence[float | None]) -> None:
        """Without a single score at the start, the phase would train nothing."""
        scored = any(reward is not None for reward in rewards)
        self._scored_any = any(self.share.gather([scored]))
        if not self._scored_any:
            verdict = episodes[0].verdicts[-1]
            raise ConfigError(
                given=f"the judge {verdict.judge}@{verdict.version}",
                why=f"it scored none of the first {len(episodes)} episodes of the {self.seat}",
                fix="name another judge with judge=NAME, or give the scenarios a reference",
            )

    def state(self) -> dict[str, Any]:
        """What its next draws depend on, as JSON."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Draw on as the reward whose state it was."""
        del state

    def drain(self) -> list[Episode]:
        """The episodes of all processes since the last call."""
        fresh, self._fresh = self._fresh, []
        return self.share.gather(fresh)


class AttackerReward(SeatReward):
    """Parses attacks, lets the frozen defender answer all valid ones in one batch, judges, prices.

    Args:
        scenarios: Looked up by the dataset's column `item`.
        defender: The frozen opponent.
        referee: Rules, judge and prices.
        seed: Seeds the opponent's draws.
    """

    seat: Seat = "attacker"

    def __init__(
        self, scenarios: Sequence[Scenario], defender: Defender, referee: Referee, seed: int
    ) -> None:
        super().__init__()
        self._scenarios = scenarios
        self._defender = defender
        self._referee = referee
        self._rng = np.random.Generator(np.random.PCG64(seed))

    def state(self) -> dict[str, Any]:
        """Of the generator that seeds the opponent's draws."""
        return dict(self._rng.bit_generator.state)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Draw on as the reward whose state it was."""
        self._rng.bit_generator.state = dict(state)

    def play(self, items: Sequence[int], texts: Sequence[str]) -> list[Episode]:
        """The episodes that these attacks lead to."""
        scenarios = [self._scenarios[item] for item in items]
        attacks = attacks_of(self._referee.world, scenarios, texts)
        # Every process draws for all of them, and takes its own part.
        draws = self._rng.integers(MAX_SEED, size=(self.share.size, len(attacks)))
        seeds = [int(seed) for seed in draws[self.share.rank]]
        return self._referee.play(scenarios, attacks, self._defender, seeds)


class DefenderReward(SeatReward):
    """Judges and prices answers to stored attacks."""

    seat: Seat = "defender"

    def __init__(self, items: Sequence[Item], referee: Referee) -> None:
        super().__init__()
        self._items = items
        self._referee = referee

    def play(self, items: Sequence[int], texts: Sequence[str]) -> list[Episode]:
        """The episodes that these responses end."""
        return self._referee.settle(
            [
                Turn(
                    scenario=self._items[item].scenario,
                    attack=self._items[item].attack,
                    response=text,
                )
                for item, text in zip(items, texts, strict=True)
            ]
        )
