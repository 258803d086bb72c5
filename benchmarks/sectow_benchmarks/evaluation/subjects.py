"""From what a user names to what is measured: models, scripted policies, trained attackers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from sectow_agents.models.chat import defender_chat, images_of
from sectow_agents.models.generator import Generator
from sectow_agents.models.load import find_source
from sectow_agents.policies.local import (
    TEMPLATE,
    Speaker,
    TransformersAttacker,
    TransformersDefender,
    load_generator,
)
from sectow_agents.run.folder import RunFolder
from sectow_agents.settings.run_config import Device
from sectow_benchmarks.evaluation.lm_eval_model import BATCHES_A_CALL, DefenderLM, PolicyLM
from sectow_benchmarks.results.provenance import describe_weights, text_digest, trained_on
from sectow_benchmarks.suites.base import SuiteItem
from sectow_env.errors import ConfigError, RunFolderError
from sectow_env.game import Attacker, Defender, ask_defender
from sectow_env.game.decoding import Decoding
from sectow_env.game.world import World
from sectow_env.registry.spec import SEPARATOR
from sectow_env.resolve.parts import POLICIES, find_attacker, find_defender

ATTACK_TOKENS = 256


@runtime_checkable
class Subject(Protocol):
    """A defender that is measured."""

    @property
    def name(self) -> str:
        """What it is called in tables."""
        ...

    @property
    def prefilled(self) -> bool:
        """Whether it can continue a beginning."""
        ...

    def about(self) -> dict[str, Any]:
        """What provenance says of it."""
        ...

    def lm(self, seed: int, progress: Callable[[int], None]) -> Any:
        """As a model of lm-eval."""
        ...

    def defender(self, decoding: Decoding, system: str | None) -> Defender:
        """As a policy of the game."""
        ...

    @property
    def chunk(self) -> int | None:
        """Items that are asked between two writes; None leaves it to the journal."""
        ...

    def answer(
        self,
        items: Sequence[SuiteItem],
        decoding: Decoding,
        system: str | None,
        seeds: Sequence[int],
    ) -> Sequence[str | None]:
        """One answer per item's attack, without the beginning that it continues.

        Raises:
            ConfigError: There is a beginning, and this defender cannot continue one.
        """
        ...

    def tokens(self, text: str) -> int | None:
        """Length of an answer in its own tokens; None for a policy that has none."""
        ...


@dataclass(frozen=True)
class ModelSubject:
    """A model of transformers."""

    generator: Generator
    name: str
    prefilled: bool = True

    def about(self) -> dict[str, Any]:
        """Source, weights and chat template."""
        template = str(getattr(self.generator.processor, "chat_template", ""))
        return {
            **describe_weights(self.name, self.generator.source),
            "parameters": sum(weight.numel() for weight in self.generator.model.parameters()),
            "chat_template_sha256": text_digest(template),
            "trained_on": trained_on(self.generator.source),
        }

    def lm(self, seed: int, progress: Callable[[int], None]) -> PolicyLM:
        """As a model of lm-eval."""
        return PolicyLM(self.generator, seed, progress)

    def defender(self, decoding: Decoding, system: str | None) -> Defender:
        """As a policy of the game."""
        return TransformersDefender(self.generator, decoding, system)

    @property
    def chunk(self) -> int:
        """Several batches, so that similar lengths share one."""
        return BATCHES_A_CALL * self.generator.batcher.prompts

    def answer(
        self,
        items: Sequence[SuiteItem],
        decoding: Decoding,
        system: str | None,
        seeds: Sequence[int],
    ) -> list[str]:
        """One answer per item's attack, without the beginning that it continues."""
        chats = [defender_chat(item.attack, system) for item in items]
        images = [images_of(item.attack) for item in items]
        prefixes = [item.prefix for item in items]
        return self.generator.generate(chats, images, decoding, prefix=prefixes, seeds=seeds)

    def tokens(self, text: str) -> int:
        """Length of an answer in its own tokens."""
        tokenizer = self.generator.processor.tokenizer
        return len(tokenizer(text, add_special_tokens=False)["input_ids"])


@dataclass(frozen=True)
class ScriptedSubject:
    """Any other defender; decoding and system prompt are its own affair."""

    policy: Defender
    name: str
    prefilled: bool = False

    def about(self) -> dict[str, Any]:
        """Its name."""
        return describe_weights(self.name, None)

    def lm(self, seed: int, progress: Callable[[int], None]) -> DefenderLM:
        """As a model of lm-eval."""
        return DefenderLM(self.policy, self.name, seed, progress)

    def defender(self, decoding: Decoding, system: str | None) -> Defender:
        """As a policy of the game."""
        del decoding, system
        return self.policy

    @property
    def chunk(self) -> None:
        """As the journal likes it."""

    def answer(
        self,
        items: Sequence[SuiteItem],
        decoding: Decoding,
        system: str | None,
        seeds: Sequence[int],
    ) -> list[str | None]:
        """One answer per item's attack; decoding and system prompt are the policy's own."""
        del decoding, system
        if any(item.prefix for item in items):
            raise ConfigError(
                given=f"an item with a prefilled answer, put to {self.name!r}",
                why="a defender answers attacks and cannot continue a text",
                fix="leave out recall, or measure a model of transformers",
            )
        return ask_defender(self.policy, [item.attack for item in items], seeds)

    def tokens(self, text: str) -> None:
        """Unknown."""
        del text


@dataclass(frozen=True)
class Assailant:
    """An attacker that the defender is measured with."""

    policy: Attacker
    about: Mapping[str, Any] = field(default_factory=dict)


def find_subject(
    name: str,
    world: World,
    *,
    label: str | None = None,
    batch_size: int | None = None,
    device: Device = "auto",
) -> Subject:
    """The defender behind a name: a policy, a folder, or an id of the hub.

    Args:
        name: As the user wrote it: from the command line or from Python, so that the import path
            of a policy's factory is fine.
        world: Handed to a registered policy.
        label: What it is called in tables; default: the name.
        batch_size: Prompts that are answered at once; None finds it.
        device: `auto` takes CUDA where there is one.

    Raises:
        SectowError: There is no such model or policy.
    """
    if is_policy(name):
        policy: Any = find_defender(name, world)
        if not isinstance(policy, Speaker):
            return ScriptedSubject(policy, label or name)
    generator = load_generator(find_source(name, world), batch_size, device)
    return ModelSubject(generator, label or _short(name))


def find_assailant(
    name: str,
    world: World,
    *,
    template: str | None = None,
    batch_size: int | None = None,
    device: Device = "auto",
    seed: int = 0,
) -> Assailant:
    """The attacker behind a name, sampled at temperature 1.

    Args:
        name: As in `find_subject`. The folder of a phase in a training run brings its template.
        world: Parses and renders what a model writes.
        template: How a model is asked, with `{channel}` and `{behavior}`.
        batch_size: Prompts that are answered at once; None finds it.
        device: `auto` takes CUDA where there is one.
        seed: Of its draws.

    Raises:
        SectowError: There is no such model or policy.
    """
    if is_policy(name):
        policy: Any = find_attacker(name, world)
        source = getattr(policy, "source", None)
        return Assailant(policy, describe_weights(name, source))
    source = find_source(name, world)
    settings = _settings_of(Path(source))
    asked = template or settings.get("template", TEMPLATE)
    decoding = Decoding(True, 1.0, int(settings.get("max_new_tokens", ATTACK_TOKENS)), seed)
    generator = load_generator(source, batch_size, device)
    return Assailant(
        TransformersAttacker(generator, decoding, world.attack, asked, settings.get("system")),
        {**describe_weights(_short(name), source), "template": asked},
    )


def _settings_of(checkpoint: Path) -> Mapping[str, Any]:
    """How the attacker of a training run is asked; nothing for a folder that is in no run."""
    if checkpoint.name != "attacker" or len(checkpoint.parents) < 3:
        return {}
    try:
        folder = RunFolder.open(checkpoint.parents[2])
    except RunFolderError:
        return {}
    from sectow_agents.settings.file import load_config

    seat = load_config(folder.path / "config.yaml").attacker
    return {
        "template": seat.template,
        "system": seat.system,
        "max_new_tokens": seat.training.max_new_tokens,
    }


def is_policy(name: str) -> bool:
    """Whether a name is that of a registered policy, with or without settings, or a path to one."""
    known = name.partition(SEPARATOR)[0] in POLICIES.names()
    return known or (":" in name and not Path(name).exists())


def _short(name: str) -> str:
    """The last two parts of a path: `2/defender` says more than `defender`."""
    path = Path(name)
    return "/".join(path.parts[-2:]) if path.is_dir() else name
