"""The guards on this machine, by name. Settings may be text, as on a command line."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Protocol, TypeVar

from pydantic import Field, ValidationError

from sectow_agents.models.chat_model import LocalModel
from sectow_agents.settings.run_config import Dtype, Place
from sectow_env.errors import ConfigError
from sectow_env.game import Frozen
from sectow_env.game.decoding import Decoding
from sectow_env.judges.model_judge import Format, ModelJudge, settings_of
from sectow_env.judges.prompts.harmbench import HarmBench
from sectow_env.judges.prompts.llama_guard import LlamaGuard3Vision, LlamaGuard4
from sectow_env.judges.prompts.qwen3guard import Qwen3Guard
from sectow_env.judges.served import GUARD_TOKENS
from sectow_env.judges.settings import fingerprint


class Placing(Frozen):
    """Where a judge's model is, and how it is loaded; see `LocalModel`."""

    revision: str | None = None
    dtype: Dtype = "auto"
    device: Place = "auto"
    """`cuda:1` keeps it away from the model that is trained."""
    batch_size: Annotated[int, Field(gt=0)] | None = None
    """None finds it."""


class Loading(Placing):
    """The same of one that answers, greedily."""

    max_new_tokens: int = Field(default=64, gt=0)


class Guard(Format, Protocol):
    """A format with the model that it is made for."""

    model: str


def guard(
    form: Callable[..., Guard], tokens: int, /, model: str | None = None, **settings: object
) -> ModelJudge:
    """A guard of this format on this machine.

    The model is a folder or a hub id; by default that of the format's model card.

    Raises:
        ConfigError: A setting cannot work, or the model cannot be loaded.
    """
    own, loading = settings_of(form, settings)
    made = form(**own)
    return local(made, model or made.model, {"max_new_tokens": tokens, **loading})


L = TypeVar("L", bound=Placing)


def placed(kind: type[L], given: dict[str, object]) -> L:
    """The settings of a judge's model, from text or not.

    Raises:
        ConfigError: One of them is unknown, or cannot work.
    """
    # Every judge by name is passed the world; these look at the turn alone.
    settings = {name: value for name, value in given.items() if name != "world"}
    try:
        return kind.model_validate(settings)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            given=f"{name}={first['input']!r} for a judge on this machine",
            why=first["msg"],
            fix=f"change it; such a judge takes {', '.join(kind.model_fields)}",
        ) from error


def local(
    form: Format, model: str, given: dict[str, object], kind: type[ModelJudge] = ModelJudge
) -> ModelJudge:
    """A judge of this format on this machine.

    Raises:
        ConfigError: A setting cannot work, or the model cannot be loaded.
    """
    loading = placed(Loading, given)
    answering = LocalModel(
        model,
        **loading.model_dump(exclude={"max_new_tokens"}),
        decoding=Decoding(max_new_tokens=loading.max_new_tokens),
        guard=True,
    )
    # Loaded at once, so that a missing guard is reported before anything is played.
    if form.sees_images and not answering.sees_images:
        raise ConfigError(
            given=f"the judge {form.id} with the model {answering.id}",
            why="the format shows pictures, and the model sees none",
            fix="name a model that sees images",
        )
    return kind(form, answering, decoding=_decoding(answering))


qwen3guard = partial(guard, Qwen3Guard, GUARD_TOKENS)
"""The default guard: open, text only, runs on a CPU."""
llama_guard_3_vision = partial(guard, LlamaGuard3Vision, GUARD_TOKENS)
llama_guard_4 = partial(guard, LlamaGuard4, GUARD_TOKENS)
# The classifiers were trained to answer with one token; anything after it is meaningless.
harmbench = partial(guard, HarmBench, 1)


def _decoding(model: LocalModel) -> str:
    """Fingerprint of what changes answers, apart from the weights."""
    generator = model.generator
    dtype = str(generator.model.dtype).removeprefix("torch.")
    return fingerprint(dtype, model.decoding.max_new_tokens, generator.processor.chat_template)
