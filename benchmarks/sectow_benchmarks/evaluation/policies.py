"""The policies that are measured: defenders, and the attackers that they are measured with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from sectow_agents.models.generator import Generator
from sectow_agents.policies.local import (
    Speaker,
    TransformersAttacker,
    TransformersDefender,
    load_generator,
)
from sectow_agents.settings.run_config import Device
from sectow_benchmarks.evaluation.lm_eval_model import DefenderLM, PolicyLM
from sectow_benchmarks.evaluation.settings import MeasureSettings
from sectow_benchmarks.results.provenance import describe_weights, text_digest, trained_on
from sectow_env.errors import ConfigError
from sectow_env.game import Attacker, Defender
from sectow_env.game.decoding import Decoding
from sectow_env.game.world import World
from sectow_env.resolve.parts import find_attacker, find_defender
from sectow_env.resolve.policies import is_registered, weights_of, with_decoding, with_system


@dataclass(frozen=True)
class DefenderUnderTest:
    """A defender that is measured."""

    policy: Defender
    name: str
    """What it is called in tables."""
    built_with: str | None = None
    """The system prompt that its factory was given, where the policy does not show it."""

    @property
    def generator(self) -> Generator | None:
        """Its model and processor; None for a policy that is not a bare local model."""
        policy: object = self.policy
        return policy.generator if isinstance(policy, TransformersDefender) else None

    @property
    def prefilled(self) -> bool:
        """Whether it can continue a beginning."""
        return isinstance(self.policy, TransformersDefender)

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
        weights, generator = weights_of(self.policy), self.generator
        source = None if weights is None else weights.source
        about = describe_weights(self.name, source)
        if generator is None:
            return about
        template = str(getattr(generator.processor, "chat_template", ""))
        return {
            **about,
            "parameters": sum(weight.numel() for weight in generator.model.parameters()),
            "chat_template_sha256": text_digest(template),
            "trained_on": trained_on(source),
        }

    def lm(self, seed: int, progress: Callable[[int], None]) -> PolicyLM | DefenderLM:
        """As a model of lm-eval."""
        if self.generator is not None:
            return PolicyLM(self.generator, seed, progress)
        return DefenderLM(self.policy, self.name, seed, progress)

    def defender(self, decoding: Decoding, system: str | None) -> Defender:
        """As a policy of the game."""
        return with_decoding(self.prompted(system).policy, decoding)

    def tokens(self, text: str) -> int | None:
        """Length of an answer in its own tokens; None for a policy that has none."""
        if self.generator is None:
            return None
        tokenizer = self.generator.processor.tokenizer
        return len(tokenizer(text, add_special_tokens=False)["input_ids"])


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
    if isinstance(policy, Speaker):
        policy = policy.loaded_by(_loader(batch_size, device))
    return DefenderUnderTest(policy, name or _name(given), system)


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
    if isinstance(policy, Speaker) and not is_registered(str(given)):
        policy = policy.loaded_by(_loader(batch_size, device))
    if template is not None:
        if not isinstance(policy, TransformersAttacker):
            raise ConfigError(
                given=f"a template for the attacker {_name(given)!r}",
                why="it is not a local model that is asked by a template",
                fix="leave the template out; endpoint/attacker?template=... takes its own",
            )
        policy = policy.asked_by(template)
    weights = weights_of(policy)
    about = describe_weights(_name(given), None if weights is None else weights.source)
    if isinstance(policy, TransformersAttacker):
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


def _loader(batch_size: int | None, device: Device) -> Callable[[str | Path], Generator]:
    return partial(load_generator, batch_size=batch_size, device=device)


def _name(given: object) -> str:
    """The last two parts of a path: `2/defender` says more than `defender`."""
    if not isinstance(given, str | Path):
        return type(given).__name__
    return "/".join(Path(given).parts[-2:]) if Path(given).is_dir() else str(given)
