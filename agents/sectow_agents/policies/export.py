"""A checkpoint as a model of its own: its adapter merged into the base model's weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from sectow_agents.policies.asking import read_asking, write_asking
from sectow_agents.settings.adapters import ADAPTER, adapter_base
from sectow_env.display.console import note, say
from sectow_env.errors import ConfigError
from sectow_env.files import check_new_folder, new_folder

Kind = Literal["auto", "float32", "bfloat16"]


def command(
    checkpoint: Annotated[
        Path, typer.Argument(help="A checkpoint of a run: RUN/rounds/NUMBER/SEAT.")
    ],
    out: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    dtype: Annotated[
        Kind, typer.Option(help="Of the weights; auto: as the base model is saved.")
    ] = "auto",
) -> None:
    """Merge a checkpoint's adapter into its base model."""
    base = adapter_base(checkpoint)
    if base is None:
        raise ConfigError(
            given=f"the folder {str(checkpoint)!r}",
            why=f"it has no {ADAPTER}: its weights are whole, or it is not a checkpoint",
            fix="give a checkpoint of a seat that trained an adapter; whole weights are used as "
            "they are",
        )
    check_new_folder(out)
    note(f"merging {checkpoint} into {base}")
    export(checkpoint, out, dtype)
    say(f"model: {out}")


def export(checkpoint: Path, out: Path, dtype: Kind = "auto") -> None:
    """Write a folder that plain transformers loads; it appears once it is complete.

    The base is read unpacked, also where the adapter was trained on it in 4 bits: what it answers
    then differs by the packing.

    Args:
        checkpoint: A folder with an adapter.
        out: A new or empty folder.
        dtype: Of the weights; auto: as the base model is saved.

    Raises:
        SectowError: A model cannot be loaded, or the folder is taken.
    """
    import torch
    from transformers import AutoConfig

    from sectow_agents.models.generation_config import keep_settings
    from sectow_agents.models.hub import lookup
    from sectow_agents.models.load import load_model
    from sectow_agents.models.quiet import quiet

    base = adapter_base(checkpoint) or checkpoint
    # Added up in full, and rounded once.
    model, processor = load_model(checkpoint, device="cpu", dtype="float32")
    saved = AutoConfig.from_pretrained(base, **lookup(base)).dtype or torch.float32
    asking = read_asking(checkpoint)
    with quiet(), new_folder(out) as aside:
        whole = model.merge_and_unload().to(saved if dtype == "auto" else getattr(torch, dtype))
        whole.save_pretrained(aside)
        processor.save_pretrained(aside)
        keep_settings(base, aside)
        write_asking(aside, asking)
