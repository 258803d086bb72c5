"""Whether weights are whole: their files, the names and shapes in them, and their numbers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from sectow_env.errors import ConfigError
from sectow_env.reading import read_json

WEIGHTS = "model.safetensors"
INDEX = f"{WEIGHTS}.index.json"
_LISTED = 3
_FIX = "copy or download the folder again, or save the model again with save_pretrained"


def check_files(folder: Path, single: str = WEIGHTS) -> None:
    """Look at the files of a folder with weights, before a library does.

    Args:
        folder: A folder; a name on the hub is not one, and passes.
        single: The file of the weights, if they are in one.

    Raises:
        ConfigError: A file is truncated or not a regular file, or the index of several is wrong.
    """
    if not folder.is_dir():
        return
    for file in sorted(folder.iterdir()):
        # Reading a FIFO would wait for a writer.
        if not (file.is_file() or file.is_dir()):
            raise _broken(file, "it is not a regular file")
    if (folder / single).exists():
        shards = [Path(single)]
    elif (folder / INDEX).exists():
        shards = _shards(folder / INDEX)
    else:
        shards = []
    for name in shards:
        try:
            with safe_open(folder / name, framework="pt"):
                pass
        except (SafetensorError, OSError) as error:
            raise _broken(folder / name, f"it is not a whole safetensors file ({error})") from error


def _shards(index: Path) -> list[Path]:
    """The files that an index names, all of them in its folder."""
    try:
        read = read_json(index)
        names = sorted(map(Path, set(read["weight_map"].values())))
        read["metadata"].items()
    except (KeyError, TypeError, AttributeError) as error:
        raise _broken(index, "it is not an index with metadata and weight_map") from error
    for name in names:
        if len(name.parts) != 1 or name.suffix != ".safetensors":
            raise _broken(index, f"it names {name}, which is not a safetensors file beside it")
        if not (index.parent / name).is_file():
            raise _broken(index, f"it names {name}, which is missing")
    return names


def check_config(source: str | Path, config: Any) -> None:
    """Quantized weights are loaded by packages of their own, which transformers asks for by name.

    Raises:
        ConfigError: They are quantized in a way that is unknown: they would be taken as they are.
    """
    from transformers.quantizers.auto import AUTO_QUANTIZER_MAPPING

    known = {re.sub("_[48]bit$", "", name) for name in AUTO_QUANTIZER_MAPPING}
    for part in {id(part): part for part in (config, config.get_text_config())}.values():
        given = getattr(part, "quantization_config", None)
        if given is None:
            continue
        method = given.get("quant_method") if isinstance(given, Mapping) else None
        if not isinstance(method, str) or method not in known:
            raise ConfigError(
                given=f"the model {str(source)!r}",
                why=f"its config.json has a quantization_config of an unknown kind ({method})",
                fix="use the weights that are not quantized, or remove quantization_config where "
                "they are not",
            )


def check_loaded(source: str | Path, info: Mapping[str, Collection[Any]]) -> None:
    """What was loaded must be what the model is made of: the rest would be random.

    Args:
        source: Folder or hub id.
        info: transformers' or PEFT's report; it knows which tensors are shared or computed.

    Raises:
        ConfigError: Tensors are missing, unexpected or of another shape.
    """
    for name, why in (
        ("missing_keys", "tensors are missing from its files, and would be random"),
        ("mismatched_keys", "tensors in its files have another shape than config.json gives them"),
        ("unexpected_keys", "tensors in its files are not part of such a model"),
    ):
        keys = sorted(key if isinstance(key, str) else key[0] for key in info.get(name, ()))
        if keys:
            raise ConfigError(
                given=f"the model {str(source)!r}",
                why=f"{why}: {few(keys)}",
                fix=f"check that config.json belongs to these weights; else {_FIX}",
            )


def check_finite(what: str, model: Any, tensors: Mapping[str, torch.Tensor] | None = None) -> None:
    """Raises ConfigError where a weight is NaN or infinite; names the tensors.

    Args:
        what: The model, in the message.
        model: All of it is looked at, or only the given tensors.
        tensors: Of it, by name.
    """
    bad = non_finite((model.state_dict() if tensors is None else tensors).items())
    if bad:
        raise ConfigError(
            given=what,
            why=f"as {model.dtype}, tensors contain NaN or infinity: {few(bad)}",
            fix="take weights from before that, or another dtype (float16 overflows at 65504)",
        )


@torch.no_grad()
def non_finite(tensors: Iterable[tuple[str, torch.Tensor]]) -> list[str]:
    """Names of the tensors with NaN or infinity."""
    return [
        name
        for name, tensor in tensors
        if tensor.is_floating_point() and tensor.numel() and not _is_finite(tensor)
    ]


def _is_finite(tensor: torch.Tensor) -> bool:
    # One pass without a copy: NaN goes through to the smallest and the largest value.
    ends = torch.aminmax(tensor.float() if tensor.itemsize == 1 else tensor)
    return bool(torch.stack(ends).isfinite().all())


def few(names: Collection[str]) -> str:
    """The first of many names, and how many more there are."""
    shown = list(names)[:_LISTED]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _broken(file: Path, why: str) -> ConfigError:
    return ConfigError(given=f"the file {file}", why=why, fix=_FIX)
