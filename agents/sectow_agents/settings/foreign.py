"""What a configuration may set that comes from a run folder, which may be somebody else's.

An allow-list. Numbers, switches and the texts of the game are data. A part is a registered name
without settings, a folder of weights, or a model of the hub that this machine has loaded before;
what runs code or reaches another server is never taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sectow_agents.settings.adapters import adapter_base
from sectow_env.errors import ConfigError
from sectow_env.registry.entry_points import Registry
from sectow_env.resolve.parts import JUDGES, takes_a_model
from sectow_env.resolve.policies import POLICIES
from sectow_env.resolve.worlds import GROUP, PACK_SUFFIX

_SEEDED = re.compile(r"(?P<name>[^:]+):[0-9]+", re.ASCII)
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_PLAIN = re.compile(r"[\w.-]+", re.ASCII)
Allowed = Callable[[str], bool]


def _anything(_: str) -> bool:
    return True


def _plain(given: str) -> bool:
    return _PLAIN.fullmatch(given) is not None


def _world(given: str) -> bool:
    seeded = _SEEDED.fullmatch(given)
    names = Registry[object](GROUP).names()
    return (seeded["name"] if seeded else given) in names or given.endswith(PACK_SUFFIX)


def _judge(given: str) -> bool:
    return given == "world" or (given in JUDGES.names() and not takes_a_model(given))


def _model(given: str) -> bool:
    if given in POLICIES.names():
        return True
    return (bool(given) and _is_here(Path(given))) or _was_loaded(given)


def _is_here(folder: Path) -> bool:
    """Whether it is a folder of weights that leads to no server: an adapter names its base."""
    base = adapter_base(folder)
    return folder.is_dir() if base is None else Path(base).is_dir() or _was_loaded(base)


def _was_loaded(given: str) -> bool:
    """Whether it is a model of the hub that was loaded on this machine before, by the user."""
    if _HUB_ID.fullmatch(given) is None or find_spec("huggingface_hub") is None:
        return False
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(given, "config.json"), str)


TEXTS: Mapping[str, Allowed] = {
    **dict.fromkeys(("run", "scenarios", "seats", "device", "dtype"), _anything),
    **dict.fromkeys(("quantization", "generation.cache"), _anything),
    **dict.fromkeys(("world",), _world),
    **dict.fromkeys(("judge", "truth"), _judge),
    **dict.fromkeys(("SEAT.model",), _model),
    **dict.fromkeys(("SEAT.template", "SEAT.system", "SEAT.channels", "SEAT.refusal"), _anything),
    **dict.fromkeys(("SEAT.mix.benign_channels", "SEAT.mix.controlled_channels"), _anything),
    **dict.fromkeys(("SEAT.mix.general_kinds", "monitor.on_gate"), _anything),
    **dict.fromkeys(("SEAT.training.algorithm", "SEAT.training.schedule"), _plain),
    **dict.fromkeys(("SEAT.training.loss", "SEAT.training.scale_rewards"), _plain),
    **dict.fromkeys(("SEAT.training.grpo.optim", "SEAT.training.sft.optim"), _plain),
    **dict.fromkeys(("SEAT.training.sft.loss_type",), _plain),
    **dict.fromkeys(("SEAT.training.grpo.importance_sampling_level",), _plain),
    **dict.fromkeys(("SEAT.training.lora.target_modules",), _plain),
}
"""Settings that are texts, and which texts they may be."""
_NUMBERS_REFUSED = ".training.grpo.vllm", ".training.grpo.use_vllm"
"""A back end of its own, which may be a server."""


def check_foreign(settings: Mapping[str, Any], trusted: Collection[str], file: Path) -> None:
    """Refuse what a configuration from a run folder may not set.

    Args:
        settings: The whole configuration: value by dotted key.
        trusted: Keys that the user gave on the command line.
        file: Where the others are from.

    Raises:
        ConfigError: A key is not on the list, or names code or a server.
    """
    for key, value in settings.items():
        if any(key == given or key.startswith(f"{given}.") for given in trusted):
            continue
        general = re.sub(r"^(attacker|defender)\.", "SEAT.", key)
        values = value if isinstance(value, list) else [value]
        if not all(_is_allowed(general, single) for single in values):
            raise ConfigError(
                given=f"{key}={value!r} in {file}",
                why="this is never taken from a run folder, which may be somebody else's: an "
                "import path runs code, and settings of a part, vLLM, a tracker and a model of "
                "the hub that was never loaded here reach a server",
                fix=f"if it is yours, repeat it: {key}=VALUE, or give the run's own configuration "
                "with --config",
            )


def _is_allowed(key: str, value: object) -> bool:
    if isinstance(value, str):
        return key in TEXTS and TEXTS[key](value)
    if isinstance(value, bool | int | float):
        return not any(refused in key for refused in _NUMBERS_REFUSED)
    # An empty section sets nothing.
    return value is None or value == {}
