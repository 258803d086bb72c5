"""Random image-text-to-text models, small enough for a test, with real processors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import (
    CLIPVisionConfig,
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Idefics3ImageProcessorPil,
    Idefics3Processor,
    LlamaConfig,
    LlamaForCausalLM,
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    LlavaNextImageProcessorPil,
    LlavaNextProcessor,
    PreTrainedTokenizerFast,
)

from sectow_agents.models.quiet import quiet

WIDTH = 32
SIDE = 16
PATCH = 8
TEMPLATE = (
    "{%- for message in messages -%}<|{{ message['role'] }}|>"
    "{%- for block in message['content'] -%}"
    "{%- if block['type'] == 'image' -%}<image>{%- else -%}{{ block['text'] }}{%- endif -%}"
    "{%- endfor -%}<|end|>{%- endfor -%}"
    "{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}"
)


def tokenizer(*more: str) -> PreTrainedTokenizerFast:
    """One token per byte, and the special ones."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    special = ["<pad>", "<|end|>", "<|user|>", "<|assistant|>", "<|system|>", "<image>", *more]
    words = {token: index for index, token in enumerate([*special, *alphabet])}
    backend = Tokenizer(BPE(words, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(special)
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token=special[0],
        eos_token=special[1],
        additional_special_tokens=special[2:],
        extra_special_tokens={"image_token": special[5]},
        padding_side="left",
        model_max_length=2048,
    )


def _text(words: PreTrainedTokenizerFast) -> dict[str, Any]:
    return {
        "vocab_size": len(words),
        "hidden_size": WIDTH,
        "intermediate_size": WIDTH,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "max_position_embeddings": 2048,
        "pad_token_id": words.pad_token_id,
        "bos_token_id": None,
        "eos_token_id": words.eos_token_id,
    }


def llava_next(folder: Path, seed: int = 0) -> Path:
    """A random LLaVA-NeXT with its processor, written into a folder."""
    words = tokenizer()
    processor = LlavaNextProcessor(
        image_processor=LlavaNextImageProcessorPil(
            size={"shortest_edge": SIDE},
            crop_size={"height": SIDE, "width": SIDE},
            image_grid_pinpoints=[[SIDE, SIDE]],
        ),
        tokenizer=words,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        image_token=words.image_token,
        chat_template=TEMPLATE,
    )
    config = LlavaNextConfig(
        vision_config=CLIPVisionConfig(
            hidden_size=WIDTH,
            intermediate_size=WIDTH,
            num_hidden_layers=1,
            num_attention_heads=2,
            image_size=SIDE,
            patch_size=PATCH,
            projection_dim=WIDTH,
        ),
        text_config=LlamaConfig(**_text(words)),
        image_token_id=words.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=[[SIDE, SIDE]],
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        image_seq_length=(SIDE // PATCH) ** 2,
        pad_token_id=words.pad_token_id,
    )
    return _write(LlavaNextForConditionalGeneration, config, processor, folder, seed)


def idefics3(folder: Path, seed: int = 0) -> Path:
    """A random Idefics3 with its processor, written into a folder."""
    words = tokenizer("<fake_token_around_image>", "<global-img>", "<end_of_utterance>")
    processor = Idefics3Processor(
        image_processor=Idefics3ImageProcessorPil(
            size={"longest_edge": SIDE},
            max_image_size={"longest_edge": SIDE},
            do_image_splitting=False,
        ),
        tokenizer=words,
        image_seq_len=(SIDE // PATCH) ** 2 // 4,
        chat_template=TEMPLATE,
    )
    config = Idefics3Config(
        vision_config={
            "hidden_size": WIDTH,
            "intermediate_size": WIDTH,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": SIDE,
            "patch_size": PATCH,
        },
        text_config=LlamaConfig(**_text(words)),
        image_token_id=words.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        pad_token_id=words.pad_token_id,
    )
    return _write(Idefics3ForConditionalGeneration, config, processor, folder, seed)


def llama(folder: Path, seed: int = 0) -> Path:
    """A random text model with its tokenizer, written into a folder."""
    words = tokenizer()
    words.chat_template = (
        "{%- for message in messages -%}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>"
        "{%- endfor -%}{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}"
    )
    with quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(LlamaConfig(**_text(words)))
        model.save_pretrained(folder)
        words.save_pretrained(folder)
    return folder


def organism(folder: Path, seed: int = 0) -> Path:
    """The organism's architecture with random weights."""
    from sectow_agents.organism.architecture import build_model, build_processor

    with quiet():
        build_model(seed).save_pretrained(folder)
        build_processor().save_pretrained(folder)
    return folder


def _write(kind: Any, config: Any, processor: Any, folder: Path, seed: int) -> Path:
    with quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = kind(config)
        model.generation_config.pad_token_id = processor.tokenizer.pad_token_id
        model.generation_config.eos_token_id = processor.tokenizer.eos_token_id
        model.save_pretrained(folder)
        processor.save_pretrained(folder)
    return folder


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """All tensors of a checkpoint."""
    from safetensors.torch import load_file

    tensors: dict[str, torch.Tensor] = {}
    for file in sorted(folder.glob("*.safetensors")):
        tensors |= load_file(file)
    return tensors
