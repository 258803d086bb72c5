"""The policies that are measured: defenders, and the attackers that they are measured with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from sectow_agents.models.chat_model import LocalModel
from sectow_agents.settings.run_config import Device
from sectow_benchmarks.evaluation.lm_eval_model import (
    BATCHES_PER_CALL,
    ChatLM,
    DefenderLM,
    PolicyLM,
)
from sectow_benchmarks.evaluation.settings import MeasureSettings
from sectow_benchmarks.results.provenance import describe_weights, text_digest, trained_on
from sectow_benchmarks.suites.base import SuiteItem
from sectow_env.errors import ConfigError
from sectow_env.game import Attacker, Defender, ask_defender
from sectow_env.game.asking import defence_conversation
from sectow_env.game.decoding import Decoding
from sectow_env.game.messages import ChatModel, takes_prefix
from sectow_env.game.world import World
from sectow_env.policies.chat import ChatAttacker, ChatDefender, ChatPolicy
from sectow_env.resolve.parts import find_attacker, find_defender
from sectow_env.resolve.policies import (
    is_registered,
    short_name,
    weights_of,
    with_decoding,
    with_system,
)

P = TypeVar("P", bound=ChatPolicy)


@dataclass(frozen=True)
class DefenderUnderTest:
    """A defender that is measured."""

    policy: Defender
    name: str
    """What it is called in tables."""
    built_with: str | None = None
    """The system prompt that its factory was given, where the policy does not show it."""

    @property
    def model(self) -> ChatModel | None:
        """The chat model that answers; None for a script."""
        return self.policy.model if isinstance(self.policy, ChatDefender) else None

    @property
    def prefilled(self) -> bool:
        """Whether it can continue a beginning."""
        return takes_prefix(self.model)

    @property
    def likelihoods(self) -> bool:
        """Whether it can rate texts, and not only generate them."""
        return isinstance(self.model, LocalModel)

    @property
    def system(self) -> str | None:
        """Its system prompt, or None."""
        return self.built_with or getattr(self.policy, "system", None)

    def prompted(self, system: str | None) -> DefenderUnderTest:
        """The same defender with a system prompt; None leaves it as it is.

        Raises:
            ConfigError: It cannot take one.
        """
        if system is None or system == self.system:
            return self
        return replace(self, policy=with_system(self.policy, system), built_with=None)

    def about(self) -> dict[str, Any]:
        """What provenance says of it: source, weights and chat template."""
        local, weights = self._local, weights_of(self.policy)
        source = (None if weights is None else weights.source) if local is None else local.source
        about = describe_weights(self.name, source)
        defences = [*_defences(self.model)]
        if defences:
            about["defence"] = [getattr(defence, "kind", "guard") for defence in defences]
            about["defended"] = defences[0].id
        if local is None:
            return about
        generator = local.generator
        template = str(getattr(generator.processor, "chat_template", ""))
        return {
            **about,
            "parameters": sum(weight.numel() for weight in generator.model.parameters()),
            "chat_template_sha256": text_digest(template),
            "trained_on": trained_on(source),
        }

    @property
    def source(self) -> str | Path | None:
        """Where its weights are; None for a model without any here."""
        local = self._local
        return None if local is None else local.source

    def lm(self, seed: int, progress: Callable[[int], None]) -> ChatLM:
        """As a model of lm-eval."""
        if isinstance(self.model, LocalModel):
            return PolicyLM(self.model, seed, progress)
        if self.model is not None:
            return ChatLM(self.model, seed, progress)
        return DefenderLM(self.policy, self.name, seed, progress)

    def defender(self, decoding: Decoding, system: str | None) -> Defender:
        """As a policy of the game."""
        return with_decoding(self.prompted(system).policy, decoding)

    @property
    def chunk(self) -> int | None:
        """Items that are asked between two writes; None leaves it to the journal."""
        local = self._local
        # Several batches, so that similar lengths share one.
        return None if local is None else BATCHES_PER_CALL * local.generator.batcher.prompts

    def answer(
        self,
        items: Sequence[SuiteItem],
        decoding: Decoding,
        system: str | None,
        seeds: Sequence[int],
    ) -> Sequence[str | None]:
        """One answer per item's attack, without the prefix that it continues.

        Raises:
            ConfigError: There is a prefix, and this defender cannot continue one.
        """
        prefixes = [item.prefix for item in items]
        if self.model is not None:
            conversations = [defence_conversation(item.attack, system) for item in items]
            return self.model.chat(
                conversations, decoding, prefixes if any(prefixes) else None, seeds
            )
        if any(prefixes):
            raise ConfigError(
                given=f"an item with a prefilled answer, put to {self.name!r}",
                why="a defender answers attacks and cannot continue a text",
                fix="leave out recall, or measure a model of transformers",
            )
        return ask_defender(self.defender(decoding, system), [item.attack for item in items], seeds)

    @property
    def sees_images(self) -> bool:
        """Whether it can be shown pictures; weights on this machine are loaded for it."""
        return self._local is None or self._local.sees_images

    def tokens(self, text: str) -> int | None:
        """Length of an answer in its own tokens; None for a policy that has none."""
        return None if self._local is None else self._local.tokens(text)

    @property
    def _local(self) -> LocalModel | None:
        """The weights that answer in the end, behind what defends them."""
        *_, model = (self.model, *(defence.inner for defence in _defences(self.model)))
        return model if isinstance(model, LocalModel) else None


@dataclass(frozen=True)
class AttackerUnderTest:
    """An attacker that a defender is measured with."""

    policy: Attacker
    about: Mapping[str, Any] = field(default_factory=dict)
    """What provenance says of it."""


def defender_under_test(
    given: str | Path | Defender | DefenderUnderTest,
    world: World,
    *,
    name: str | None = None,
    system: str | None = None,
    batch_size: int | None = None,
    device: Device = "auto",
) -> DefenderUnderTest:
    """The defender that was named or given; a model is loaded when it is first needed.

    Args:
        given: As in `sectow_env.resolve.parts.find_defender`.
        world: Where it plays.
        name: What it is called in tables; default: as the user named it.
        system: Its system prompt, or None.
        batch_size: Prompts that are answered at once; None finds it.
        device: `auto` takes CUDA where there is one.

    Raises:
        SectowError: There is no such policy, or it cannot take a system prompt.
    """
    if isinstance(given, DefenderUnderTest):
        return given.prompted(system)
    policy = find_defender(given, world, system=system)
    if isinstance(policy, ChatDefender):
        policy = _placed(policy, batch_size, device)
    return DefenderUnderTest(policy, name or short_name(given), system)


def attacker_under_test(
    given: str | Path | Attacker | AttackerUnderTest,
    world: World,
    *,
    template: str | None = None,
    batch_size: int | None = None,
    device: Device = "auto",
) -> AttackerUnderTest:
    """The attacker that was named or given.

    Args:
        given: As in `sectow_env.resolve.parts.find_attacker`. The checkpoint of a training run
            brings how it is asked.
        world: Where it plays.
        template: How a model is asked, with `{channel}` and `{behavior}`; default: its own.
        batch_size: Prompts that are answered at once; None finds it.
        device: `auto` takes CUDA where there is one.

    Raises:
        SectowError: There is no such policy, or it is not a model that a template could be for.
    """
    if isinstance(given, AttackerUnderTest):
        return given
    policy = find_attacker(given, world)
    # A registered attacker brings its own way of being loaded.
    if isinstance(policy, ChatAttacker) and not is_registered(str(given)):
        policy = _placed(policy, batch_size, device)
    if template is not None:
        if not isinstance(policy, ChatAttacker):
            raise ConfigError(
                given=f"a template for the attacker {short_name(given)!r}",
                why="it is not a local model that is asked by a template",
                fix="leave the template out; endpoint/attacker?template=... takes its own",
            )
        policy = policy.asked_by(template)
    weights = weights_of(policy)
    about = describe_weights(short_name(given), None if weights is None else weights.source)
    if isinstance(policy, ChatAttacker) and policy.template is not None:
        about["template"] = policy.template
    return AttackerUnderTest(policy, about)


def prompted(
    subject: DefenderUnderTest, settings: MeasureSettings
) -> tuple[DefenderUnderTest, MeasureSettings]:
    """Defender and settings with one system prompt: that of the settings, else the defender's own.

    Raises:
        ConfigError: The defender cannot take it.
    """
    subject = subject.prompted(settings.system)
    return subject, settings.model_copy(update={"system": subject.system})


def _placed(policy: P, batch_size: int | None, device: Device) -> P:
    """The policy with its local weights, if it has such, on a device."""
    return policy.answered_by(_placed_model(policy.model, batch_size, device))


def _placed_model(model: ChatModel, batch_size: int | None, device: Device) -> ChatModel:
    source = getattr(model, "source", None)
    if source is not None:
        return LocalModel(source, batch_size=batch_size, device=device)
    if not hasattr(model, "inner"):
        return model
    defended = copy(model)
    defended.inner = _placed_model(model.inner, batch_size, device)
    return defended


def _defences(model: Any) -> Iterator[Any]:
    """The defences around the model that answers, from the outside in."""
    while hasattr(model, "inner"):
        yield model
        model = model.inner
