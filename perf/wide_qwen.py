"""Qwen2.5-VL-3B at full width with random weights, for `perf/gpu.py`: nothing comes from a hub."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import PreTrainedTokenizerFast, Qwen2_5_VLConfig

from sectow_agents.models.quiet import quiet

MARKS = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>"),
    *("<|image_pad|>", "<|video_pad|>"),
)


def write(folder: Path, device: str) -> None:
    """Write model and processor into a folder.

    Args:
        folder: A new folder.
        device: Where the weights are drawn.
    """
    from transformers import (
        Qwen2_5_VLForConditionalGeneration,
        Qwen2_5_VLProcessor,
        Qwen2VLImageProcessor,
        Qwen2VLVideoProcessor,
    )

    tokens = [*MARKS, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    backend = Tokenizer(BPE({token: index for index, token in enumerate(tokens)}, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(list(MARKS))
    words = PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token=MARKS[0], eos_token=MARKS[2], padding_side="left"
    )
    words.add_special_tokens({"additional_special_tokens": list(MARKS[1:])})
    template = files("trl") / "chat_templates" / "qwen2_5_vl.jinja"
    processor = Qwen2_5_VLProcessor(
        image_processor=Qwen2VLImageProcessor(),
        tokenizer=words,
        video_processor=Qwen2VLVideoProcessor(),
        chat_template=template.read_text(encoding="utf-8"),
    )
    with torch.device(device), quiet():
        torch.manual_seed(0)
        model = Qwen2_5_VLForConditionalGeneration(config(words)).to(torch.bfloat16)
        model.generation_config.eos_token_id = words.eos_token_id
        model.generation_config.pad_token_id = words.pad_token_id
        model.save_pretrained(folder)
    processor.save_pretrained(folder)


def config(words: Any) -> Qwen2_5_VLConfig:
    """The published sizes of Qwen2.5-VL-3B, with the special tokens of a tokenizer."""
    image, video, *around = MARKS[-2], MARKS[-1], MARKS[3], MARKS[4]
    names = ("image", "video", "vision_start", "vision_end")
    return Qwen2_5_VLConfig(
        text_config={
            "vocab_size": 151_936,
            "hidden_size": 2048,
            "intermediate_size": 11_008,
            "num_hidden_layers": 36,
            "num_attention_heads": 16,
            "num_key_value_heads": 2,
            "max_position_embeddings": 128_000,
            "bos_token_id": None,
            "pad_token_id": words.pad_token_id,
            "eos_token_id": words.eos_token_id,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 1_000_000.0,
                "mrope_section": [16, 24, 24],
            },
        },
        vision_config={
            "depth": 32,
            "hidden_size": 1280,
            "intermediate_size": 3420,
            "num_heads": 16,
            "out_hidden_size": 2048,
            "patch_size": 14,
            "window_size": 112,
            "fullatt_block_indexes": [7, 15, 23, 31],
        },
        tie_word_embeddings=True,
        **{
            f"{name}_token_id": words.convert_tokens_to_ids(token)
            for name, token in zip(names, (image, video, *around), strict=True)
        },
    )
