"""Idefics3 and SmolVLM2: a picture in tiles, and once whole; marks around each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.agents.families.parts import (
    Tiny,
    template,
    text_sizes,
    tokenizer,
    vision_sizes,
    write,
)

SIDE = 32
PATCH = 8
SCALE = 2
PER_TILE = (SIDE // PATCH) ** 2 // SCALE**2
MARKS = (
    *("<image>", "<fake_token_around_image>", "<global-img>"),
    *(f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)),
)


def _images(kind: Any) -> Any:
    """Both are scaled so that the longest edge is two tiles, and cut."""
    return kind(
        size={"longest_edge": 2 * SIDE},
        max_image_size={"longest_edge": SIDE},
        do_image_splitting=True,
    )


def _config(kind: Any, words: Any, text: Any) -> Any:
    return kind(
        vision_config=vision_sizes(SIDE, PATCH),
        text_config=text(**text_sizes(words)),
        image_token_id=words.convert_tokens_to_ids("<image>"),
        scale_factor=SCALE,
        pad_token_id=words.pad_token_id,
    )


def _idefics3(folder: Path) -> None:
    from transformers import (
        Idefics3Config,
        Idefics3ForConditionalGeneration,
        Idefics3ImageProcessor,
        Idefics3Processor,
        LlamaConfig,
    )

    # Its tokenizer is Llama 3's: it begins every text by itself, and so does the template.
    words = tokenizer(
        *MARKS,
        "<|end_of_text|>",
        begin="<|begin_of_text|>",
        end="<end_of_utterance>",
        writes_begin=True,
    )
    processor = Idefics3Processor(
        image_processor=_images(Idefics3ImageProcessor),
        tokenizer=words,
        image_seq_len=PER_TILE,
        chat_template=template("idefics3"),
    )
    config = _config(Idefics3Config, words, LlamaConfig)
    write(Idefics3ForConditionalGeneration, config, processor, folder)


def _smolvlm(folder: Path) -> None:
    from transformers import (
        LlamaConfig,
        SmolVLMConfig,
        SmolVLMForConditionalGeneration,
        SmolVLMImageProcessor,
        SmolVLMProcessor,
        SmolVLMVideoProcessor,
    )

    words = tokenizer(*MARKS, begin="<|im_start|>", end="<end_of_utterance>")
    processor = SmolVLMProcessor(
        image_processor=_images(SmolVLMImageProcessor),
        tokenizer=words,
        video_processor=SmolVLMVideoProcessor(
            size={"longest_edge": SIDE}, max_image_size={"longest_edge": SIDE}
        ),
        image_seq_len=PER_TILE,
        chat_template=template("smolvlm"),
    )
    config = _config(SmolVLMConfig, words, LlamaConfig)
    write(SmolVLMForConditionalGeneration, config, processor, folder)


def _tiles(height: int, width: int) -> int:
    """The longest edge is two tiles; the other as many as it covers; and once the whole."""
    rows = 2 if height == width else 1
    assert height == width or width == 2 * height
    return (rows * 2 + 1) * PER_TILE


FAMILIES = tuple(
    Tiny(
        name,
        build,
        shown="<image>",
        tokens=_tiles,
        tower="model.vision_model.",
        projector=("model.connector.",),
    )
    for name, build in (("idefics3", _idefics3), ("smolvlm", _smolvlm))
)
