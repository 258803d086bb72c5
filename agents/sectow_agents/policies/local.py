"""Both seats, held by a model of transformers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from functools import cache
from pathlib import Path
from typing import Self

import numpy as np

from sectow_agents.models.chat import Chat, attacker_chat, defender_chat, images_of
from sectow_agents.models.generator import Generator, Shown
from sectow_agents.models.load import load_model
from sectow_agents.policies.asking import read_asking
from sectow_agents.settings.run_config import AttackerSettings, Device, Dtype
from sectow_env.game import Attack, Scenario
from sectow_env.game.decoding import Decoding
from sectow_env.game.world import World
from sectow_env.resolve.worlds import load_world

_SEEDS = 2**63 - 1
TEMPLATE: str = AttackerSettings.model_fields["template"].default


class Speaker:
    """What both seats share: a generator that is loaded when it is first needed, and the draws.

    Args:
        source: Folder or hub id of the weights, or a generator that is already loaded.
        decoding: How completions are drawn.
        system: System prompt, or None.
    """

    def __init__(
        self, source: str | Path | Generator, decoding: Decoding, system: str | None = None
    ) -> None:
        self._given = source
        self.decoding = decoding
        self.system = system
        # Policies that are copied from this one share its model.
        self._generator = _once(source, load_generator)
        self._rng = np.random.Generator(np.random.PCG64(decoding.seed))
        self._seeds: list[int] | None = None

    @property
    def source(self) -> str | Path | None:
        """Where the weights are."""
        return self._given if isinstance(self._given, str | Path) else self._given.source

    @property
    def generator(self) -> Generator:
        """Model and processor."""
        return self._generator()

    def loaded_by(self, load: Callable[[str | Path], Generator]) -> Self:
        """The same policy, whose weights are loaded by this function when they are first needed."""
        return self._changed(_generator=_once(self._given, load))

    def decoded(self, decoding: Decoding) -> Self:
        """The same policy with another decoding."""
        return self._changed(decoding=decoding)

    def prompted(self, system: str | None) -> Self:
        """The same policy with another system prompt."""
        return self._changed(system=system)

    def _changed(self, **changes: object) -> Self:
        """A copy that shares the model and draws for itself."""
        other = copy(self)
        decoding = changes.get("decoding", self.decoding)
        assert isinstance(decoding, Decoding)
        rng = np.random.Generator(np.random.PCG64(decoding.seed))
        for name, value in {"_seeds": None, "_rng": rng, **changes}.items():
            setattr(other, name, value)
        return other

    def reseed(self, seeds: Sequence[int]) -> None:
        """Take the seeds of the next call's items; see `sectow_env.game.Reseedable`."""
        self._seeds = list(seeds)

    def complete(self, chats: Sequence[Chat], images: Sequence[Shown]) -> list[str]:
        """One completion a chat, with the seeds that were handed over, or the next own ones."""
        seeds, self._seeds = self._seeds, None
        if seeds is None:
            seeds = [int(seed) for seed in self._rng.integers(_SEEDS, size=len(chats))]
        return self.generator.generate(chats, images, self.decoding, seeds=seeds)


class TransformersDefender(Speaker):
    """Answers attacks.

    Its system prompt is for attacks that bring none.
    """

    def respond(self, attacks: Sequence[Attack]) -> list[str]:
        """One response an attack, in order."""
        chats = [defender_chat(attack, self.system) for attack in attacks]
        return self.complete(chats, [images_of(attack) for attack in attacks])


class TransformersAttacker(Speaker):
    """Writes attacks; the world parses and renders them.

    Args:
        source: Folder or hub id of the weights, or a generator that is already loaded.
        decoding: How attacks are drawn.
        parse: Turns a scenario and a completion into an attack: a world's `attack`.
        template: How the policy is asked; see `sectow_agents.models.chat`.
        system: System prompt, or None.
    """

    def __init__(
        self,
        source: str | Path | Generator,
        decoding: Decoding,
        parse: Callable[[Scenario, str], Attack],
        template: str = TEMPLATE,
        system: str | None = None,
    ) -> None:
        super().__init__(source, decoding, system)
        self.template = template
        self._parse = parse

    def asked_by(self, template: str) -> TransformersAttacker:
        """The same policy, asked by another template."""
        return self._changed(template=template)

    def attack(self, scenarios: Sequence[Scenario]) -> list[Attack]:
        """One attack a scenario; a completion that cannot be parsed is an invalid attack."""
        chats = [attacker_chat(scenario, self.template, self.system) for scenario in scenarios]
        completions = self.complete(chats, [None] * len(chats))
        return [
            self._parse(scenario, completion)
            for scenario, completion in zip(scenarios, completions, strict=True)
        ]


def _once(
    given: str | Path | Generator, load: Callable[[str | Path], Generator]
) -> Callable[[], Generator]:
    """Loads at the first call, and hands out the same model from then on."""
    return cache(lambda: load(given) if isinstance(given, str | Path) else given)


def load_generator(
    source: str | Path,
    batch_size: int | None = 128,
    device: Device = "auto",
    dtype: Dtype = "auto",
) -> Generator:
    """Load a frozen model.

    Args:
        source: Folder or hub id.
        batch_size: Prompts that are answered at once; None finds it.
        device: `auto` takes CUDA where there is one.
        dtype: `auto` takes float32 on the CPU, else bfloat16.

    Raises:
        ConfigError: There is no such model, or it cannot be loaded.
    """
    model, processor = load_model(source, device=device, dtype=dtype)
    return Generator(model, processor, source, batch_size)


def defender(
    path: str | Path,
    *,
    world: str | World | None = None,  # noqa: ARG001  (every factory of a policy is given one)
    system: str | None = None,
    sampled: bool = False,
    temperature: float = 1.0,
    max_new_tokens: int | None = None,
    seed: int = 0,
) -> TransformersDefender:
    """The registered `transformers/defender`: any image-text-to-text model in the defender's seat.

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
    return TransformersDefender(path, decoding, asking.system if system is None else system)


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
) -> TransformersAttacker:
    """The registered `transformers/attacker`: any image-text-to-text model in the attacker's seat.

    Args:
        path: Folder or hub id. A checkpoint of a training run brings how it is asked.
        world: Parses and renders what the model writes.
        template: How the model is asked; default: as the checkpoint was, else `TEMPLATE`.
        system: System prompt; default: the checkpoint's, else none.
        sampled: Draw at random instead of greedily.
        temperature: Divides the logits of sampled attacks.
        max_new_tokens: Longest completion, in tokens; default: the checkpoint's, else 256.
        seed: Seed of the draws.
    """
    asking = read_asking(path)
    return TransformersAttacker(
        path,
        Decoding(sampled, temperature, max_new_tokens or asking.max_new_tokens, seed),
        load_world(world).attack,
        template or asking.template or TEMPLATE,
        asking.system if system is None else system,
    )
