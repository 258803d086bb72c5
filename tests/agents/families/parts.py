"""What the tiny models of all families are made of: tokenizers, templates, sizes, folders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from sectow_agents.models.quiet import quiet

WIDTH = 32
LAYERS = 2
HEADS = 2
PAD = "<pad>"


@dataclass(frozen=True)
class Tiny:
    """A family as a tiny random model: how it is built, and what must be true of it.

    Attributes:
        name: What it is called in a test's id.
        build: Writes model and processor into a folder.
        shown: The token that stands for a picture, once per token of it that the model reads.
        tokens: How many of those a picture of this height and width has, written down from the
            family's published description.
        beside: The same for a picture that is one of several; None: as alone.
        tower: Beginning of the names of the vision encoder's weights; None: it sees no pictures.
        projector: Beginnings of the names of what else only pictures reach: what leads from there
            to the language model.
        idle: Parts of names that no loss of ours can reach.
        closed: Words of the reason why it is not trained; None: it is.
    """

    name: str
    build: Callable[[Path], None]
    shown: str = ""
    tokens: Callable[[int, int], int] = lambda *_: 0
    beside: Callable[[int, int], int] | None = None
    tower: str | None = None
    projector: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()
    closed: str | None = None


def template(name: str) -> str:
    """A family's own chat template, as TRL's wheel carries it."""
    return (files("trl") / "chat_templates" / f"{name}.jinja").read_text(encoding="utf-8")


def tokenizer(
    *special: str,
    begin: str | None = None,
    end: str,
    writes_begin: bool = False,
    named: Mapping[str, str] | None = None,
) -> PreTrainedTokenizerFast:
    """One token per byte, and a family's special ones.

    Args:
        special: Further special tokens.
        begin: The token at the beginning of a text.
        end: The token that ends an answer.
        writes_begin: It puts `begin` before every text by itself.
        named: Attribute of the tokenizer -> special token, as processors read them.
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    marks = [PAD, *filter(None, [begin]), end, *special]
    words = {token: index for index, token in enumerate([*dict.fromkeys(marks), *alphabet])}
    backend = Tokenizer(BPE(words, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([AddedToken(mark, normalized=False, special=True) for mark in marks])
    if writes_begin and begin is not None:
        backend.post_processor = TemplateProcessing(
            single=f"{begin} $A",
            pair=f"{begin} $A {begin} $B",
            special_tokens=[(begin, words[begin])],
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token=PAD,
        bos_token=begin,
        eos_token=end,
        additional_special_tokens=list(special),
        extra_special_tokens=dict(named or {}),
        padding_side="left",
        model_max_length=2048,
    )


def text_sizes(words: PreTrainedTokenizerFast, **more: Any) -> dict[str, Any]:
    """A language model's part of a configuration."""
    return {
        "vocab_size": len(words),
        "hidden_size": WIDTH,
        "intermediate_size": WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": HEADS,
        "max_position_embeddings": 2048,
        "pad_token_id": words.pad_token_id,
        "bos_token_id": words.bos_token_id,
        "eos_token_id": words.eos_token_id,
        **more,
    }


def vision_sizes(side: int, patch: int, **more: Any) -> dict[str, Any]:
    """A vision encoder's part of a configuration, of the CLIP and SigLIP kind."""
    return {
        "hidden_size": WIDTH,
        "intermediate_size": WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "image_size": side,
        "patch_size": patch,
        **more,
    }


def write(kind: Any, config: Any, processor: Any, folder: Path) -> None:
    """A random model and its processor, as `save_pretrained` writes them."""
    words = getattr(processor, "tokenizer", processor)
    with quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = kind(config)
        # Some parts start at zero or at another constant, and would hide what is behind them.
        for parameter in model.parameters():
            if bool((parameter == parameter.flatten()[0]).all()):
                parameter.data += 0.2 * torch.randn_like(parameter)
        model.generation_config.pad_token_id = words.pad_token_id
        model.generation_config.eos_token_id = words.eos_token_id
        model.save_pretrained(folder)
        processor.save_pretrained(folder)
