"""A chat model in either seat: what it is asked is the game's, who answers is the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from pathlib import Path
from typing import Self

from sectow_env.errors import SectowError
from sectow_env.game.asking import (
    attack_conversation,
    checked_template,
    defence_conversation,
)
from sectow_env.game.decoding import Decoding
from sectow_env.game.messages import ChatModel, Conversation
from sectow_env.game.records import Attack, Exchange, Scenario
from sectow_env.game.seeds import SeedQueue
from sectow_env.game.world import AsksAttackers, World, attacks_of


class ChatPolicy:
    """What both seats share: the model, and the draws.

    Args:
        model: Answers.
        decoding: How answers are drawn; None leaves it, and draws without seeds, to the model.
        system: System prompt, or None.
    """

    def __init__(
        self, model: ChatModel, decoding: Decoding | None = None, system: str | None = None
    ) -> None:
        self.model = model
        self.decoding = decoding
        self.system = system
        self.draw_anew()

    @property
    def source(self) -> str | Path | None:
        """Where the model's weights are; None where it has none on this machine."""
        source: str | Path | None = getattr(self.model, "source", None)
        return source

    def reseed(self, seeds: Sequence[int]) -> None:
        """Take the seeds of the next call's items; see `sectow_env.game.Reseedable`."""
        self._seeds.reseed(seeds)

    def decoded(self, decoding: Decoding) -> Self:
        """The same policy with another decoding; it shares the model."""
        return self._changed(decoding=decoding)

    def prompted(self, system: str | None) -> Self:
        """The same policy with another system prompt."""
        return self._changed(system=system)

    def answered_by(self, model: ChatModel) -> Self:
        """The same policy over another model, such as the same weights on another device."""
        return self._changed(model=model)

    def _changed(self, **changes: object) -> Self:
        other = copy(self)
        for name, value in changes.items():
            setattr(other, name, value)
        other.draw_anew()
        return other

    def draw_anew(self) -> None:
        """Start the policy's own draws, those without seeds of a caller, from the beginning."""
        self._seeds = SeedQueue(0 if self.decoding is None else self.decoding.seed)

    def _answers(self, conversations: Sequence[Conversation], **more: object) -> list[str | None]:
        if not conversations:
            return []
        chat: Callable[..., list[str | None]] = self.model.chat
        if self.decoding is None:
            return chat(conversations, seeds=self._seeds.handed(), **more)
        seeds = self._seeds.take(len(conversations))
        return chat(conversations, self.decoding, seeds=seeds, **more)


class ChatDefender(ChatPolicy):
    """Answers attacks; an attack's own system prompt goes before the policy's."""

    def respond(self, attacks: Sequence[Attack]) -> list[str | None]:
        """One response per attack, in order; None where the model gave none."""
        return self._answers([defence_conversation(attack, self.system) for attack in attacks])


class ChatAttacker(ChatPolicy):
    """Writes attacks; the world parses and renders them.

    Args:
        model: Writes. It is shown pictures unless its `sees_images` is False.
        decoding: As in `ChatPolicy`.
        world: Reads the completions.
        template: How the model is asked, with `{channel}`, which is `free` where the scenario
            leaves it open, and `{behavior}`. None leaves it to the world.
        system: System prompt, or None.

    Raises:
        ConfigError: The template has other placeholders.
    """

    def __init__(
        self,
        model: ChatModel,
        decoding: Decoding | None,
        world: World,
        template: str | None = None,
        system: str | None = None,
    ) -> None:
        super().__init__(model, decoding, system)
        self.world = world
        self.template = checked_template(template)

    def asked_by(self, template: str | None) -> ChatAttacker:
        """The same attacker, asked by another template."""
        return self._changed(template=checked_template(template))

    def attack(self, scenarios: Sequence[Scenario]) -> list[Attack]:
        """One attack per scenario; a completion that cannot be read is an invalid attack.

        Raises:
            SectowError: As `follow_up`.
        """
        return self.follow_up(scenarios, [()] * len(scenarios))

    def follow_up(
        self, scenarios: Sequence[Scenario], histories: Sequence[Sequence[Exchange]]
    ) -> list[Attack]:
        """As `attack`; the model reads the earlier turns and is shown their pictures.

        Raises:
            SectowError: The model gave no completion. That is not an attack, so it must not be
                priced as a bad one.
        """
        requests = [
            self._request(scenario, history)
            for scenario, history in zip(scenarios, histories, strict=True)
        ]
        completions = self._answers(requests, **self._enforced(scenarios))
        written = [completion for completion in completions if completion is not None]
        if len(written) < len(completions):
            raise SectowError(
                given=f"{len(completions)} attacks asked of {self.model.id}",
                why=f"{len(completions) - len(written)} of them got no completion",
                fix="run it again once the model answers; with a cache, no answer so far is asked "
                "for again",
            )
        return attacks_of(self.world, scenarios, written)

    def _enforced(self, scenarios: Sequence[Scenario]) -> dict[str, object]:
        """The schemas of the completions, where the model can enforce them."""
        world = self.world
        takes_them = bool(getattr(self.model, "takes_schemas", False)) and self.template is None
        if not takes_them or not isinstance(world, AsksAttackers):
            return {}
        return {"schemas": [world.schema(scenario) for scenario in scenarios]}

    def _request(self, scenario: Scenario, history: Sequence[Exchange]) -> Conversation:
        # A local model is loaded to know what it sees, so it is only asked where that matters.
        shows = scenario.image is not None or any(turn.image is not None for turn in history)
        pictures = shows and bool(getattr(self.model, "sees_images", True))
        return attack_conversation(
            scenario, self.template, self.system, history, world=self.world, pictures=pictures
        )
