"""Qwen2.5-VL and Qwen3-VL: pictures in their own resolution, a token for each 2 x 2 patches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.agents.families.parts import (
    HEADS,
    LAYERS,
    WIDTH,
    Tiny,
    template,
    text_sizes,
    tokenizer,
    write,
)

MARKS = (
    *("<|im_start|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"),
    *("<|endoftext|>", "<tool_call>"),
)
PATCH = 8
LIMITS = {"shortest_edge": (2 * PATCH) ** 2, "longest_edge": (16 * PATCH) ** 2}


def _ids(words: Any) -> dict[str, Any]:
    names = {
        "image_token_id": "<|image_pad|>",
        "video_token_id": "<|video_pad|>",
        "vision_start_token_id": "<|vision_start|>",
        "vision_end_token_id": "<|vision_end|>",
    }
    return {name: words.convert_tokens_to_ids(token) for name, token in names.items()}


def _vision(**more: Any) -> dict[str, Any]:
    return {
        "depth": LAYERS,
        "hidden_size": WIDTH,
        "intermediate_size": WIDTH,
        "num_heads": HEADS,
        "patch_size": PATCH,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "out_hidden_size": WIDTH,
        **more,
    }


# Three numbers that add up to half of a head's width.
ROPE = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]}


def _qwen2_5_vl(folder: Path) -> None:
    from transformers import (
        Qwen2_5_VLConfig,
        Qwen2_5_VLForConditionalGeneration,
        Qwen2_5_VLProcessor,
        Qwen2VLImageProcessor,
        Qwen2VLVideoProcessor,
    )

    words = tokenizer(*MARKS, end="<|im_end|>")
    sizes = {"patch_size": PATCH, "merge_size": 2, "temporal_patch_size": 2, "size": LIMITS}
    processor = Qwen2_5_VLProcessor(
        image_processor=Qwen2VLImageProcessor(**sizes),
        tokenizer=words,
        video_processor=Qwen2VLVideoProcessor(**sizes),
        chat_template=template("qwen2_5_vl"),
    )
    config = Qwen2_5_VLConfig(
        vision_config=_vision(fullatt_block_indexes=[1], window_size=32),
        text_config=text_sizes(words, rope_parameters=ROPE),
        tie_word_embeddings=False,
        **_ids(words),
    )
    write(Qwen2_5_VLForConditionalGeneration, config, processor, folder)


def _qwen3_vl(folder: Path) -> None:
    from transformers import (
        Qwen2VLImageProcessor,
        Qwen3VLConfig,
        Qwen3VLForConditionalGeneration,
        Qwen3VLProcessor,
        Qwen3VLVideoProcessor,
    )

    words = tokenizer(*MARKS, end="<|im_end|>")
    sizes = {"patch_size": PATCH, "merge_size": 2, "temporal_patch_size": 2, "size": LIMITS}
    processor = Qwen3VLProcessor(
        image_processor=Qwen2VLImageProcessor(**sizes),
        tokenizer=words,
        video_processor=Qwen3VLVideoProcessor(**sizes),
        chat_template=template("qwen3_vl"),
    )
    config = Qwen3VLConfig(
        vision_config=_vision(num_position_embeddings=16, deepstack_visual_indexes=[0]),
        text_config=text_sizes(words, head_dim=16, rope_parameters=ROPE),
        tie_word_embeddings=True,
        **_ids(words),
    )
    write(Qwen3VLForConditionalGeneration, config, processor, folder)


def _merged(height: int, width: int) -> int:
    """Sides are rounded to whole merged patches; ours are within the limits."""
    return round(height / (2 * PATCH)) * round(width / (2 * PATCH))


def _record(name: str, build: Callable[[Path], None]) -> Tiny:
    return Tiny(
        name,
        build,
        shown="<|image_pad|>",
        tokens=_merged,
        tower="model.visual.",
        projector=("model.visual.merger.", "model.visual.deepstack_merger_list."),
    )


FAMILIES = (_record("qwen2_5_vl", _qwen2_5_vl), _record("qwen3_vl", _qwen3_vl))
