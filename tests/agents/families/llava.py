"""LLaVA-1.5, LLaVA-NeXT and LLaVA-OneVision: a CLIP or SigLIP encoder, one size or several."""

from __future__ import annotations

from pathlib import Path

from tests.agents.families.parts import (
    LAYERS,
    WIDTH,
    Tiny,
    template,
    text_sizes,
    tokenizer,
    vision_sizes,
    write,
)

SIDE = 32
PATCH = 8
GRID = (SIDE // PATCH) ** 2
PINS = [[SIDE, 2 * SIDE], [2 * SIDE, SIDE], [2 * SIDE, 2 * SIDE]]

# In words: every message with its role in capitals, its pictures first, a space or the end after
# an answer; a system prompt stands alone at the beginning.
LLAVA_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message.role != 'system' %}{{ message.role.upper() + ': ' }}{% endif %}"
    "{% for part in message.content if part.type == 'image' %}{{ '<image>\n' }}{% endfor %}"
    "{% for part in message.content if part.type == 'text' %}{{ part.text + ' ' }}{% endfor %}"
    "{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)
# In words: ChatML with the pictures of a message before its text.
ONEVISION_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message.role + ' ' }}"
    "{% for part in message.content if part.type == 'image' %}{{ '<image>' }}{% endfor %}"
    "{% for part in message.content if part.type == 'text' %}{{ '\n' + part.text }}{% endfor %}"
    "{{ '<|im_end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def _llava(folder: Path) -> None:
    from transformers import (
        CLIPImageProcessor,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )

    words = tokenizer(
        "<image>", begin="<s>", end="</s>", writes_begin=True, named={"image_token": "<image>"}
    )
    processor = LlavaProcessor(
        image_processor=CLIPImageProcessor(
            size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}
        ),
        tokenizer=words,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=LLAVA_TEMPLATE,
    )
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(**vision_sizes(SIDE, PATCH, projection_dim=WIDTH)),
        text_config=LlamaConfig(**text_sizes(words)),
        image_token_index=words.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-2,
        vision_feature_select_strategy="default",
        image_seq_length=GRID,
    )
    write(LlavaForConditionalGeneration, config, processor, folder)


def _llava_next(folder: Path) -> None:
    from transformers import (
        CLIPVisionConfig,
        LlamaConfig,
        LlavaNextConfig,
        LlavaNextForConditionalGeneration,
        LlavaNextImageProcessor,
        LlavaNextProcessor,
    )

    words = tokenizer(
        "<image>", begin="<s>", end="</s>", writes_begin=True, named={"image_token": "<image>"}
    )
    processor = LlavaNextProcessor(
        image_processor=LlavaNextImageProcessor(
            size={"shortest_edge": SIDE},
            crop_size={"height": SIDE, "width": SIDE},
            image_grid_pinpoints=PINS,
        ),
        tokenizer=words,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=template("llava_next"),
    )
    config = LlavaNextConfig(
        vision_config=CLIPVisionConfig(**vision_sizes(SIDE, PATCH, projection_dim=WIDTH)),
        text_config=LlamaConfig(**text_sizes(words)),
        image_token_index=words.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=PINS,
        vision_feature_layer=-2,
        vision_feature_select_strategy="default",
        image_seq_length=GRID,
    )
    write(LlavaNextForConditionalGeneration, config, processor, folder)


def _llava_onevision(folder: Path) -> None:
    from transformers import (
        LlavaOnevisionConfig,
        LlavaOnevisionForConditionalGeneration,
        LlavaOnevisionImageProcessor,
        LlavaOnevisionProcessor,
        LlavaOnevisionVideoProcessor,
        Qwen2Config,
        SiglipVisionConfig,
    )

    words = tokenizer(
        *("<|im_start|>", "<image>", "<video>"),
        end="<|im_end|>",
        named={"image_token": "<image>", "video_token": "<video>"},
    )
    size = {"height": SIDE, "width": SIDE}
    processor = LlavaOnevisionProcessor(
        image_processor=LlavaOnevisionImageProcessor(size=size, image_grid_pinpoints=PINS),
        tokenizer=words,
        video_processor=LlavaOnevisionVideoProcessor(size=size),
        num_image_tokens=GRID,
        vision_feature_select_strategy="full",
        chat_template=ONEVISION_TEMPLATE,
    )
    config = LlavaOnevisionConfig(
        vision_config=SiglipVisionConfig(**vision_sizes(SIDE, PATCH, vision_use_head=False)),
        text_config=Qwen2Config(**text_sizes(words)),
        image_token_index=words.convert_tokens_to_ids("<image>"),
        video_token_index=words.convert_tokens_to_ids("<video>"),
        image_grid_pinpoints=PINS,
        vision_feature_layer=-1,
    )
    write(LlavaOnevisionForConditionalGeneration, config, processor, folder)


def _tiled(height: int, width: int) -> int:
    """The whole picture, and the part of the best tiling that is not padding, a mark per line.

    Of the sizes of our tests: a square fills two by two tiles, one twice as wide two tiles.
    """
    side = SIDE // PATCH
    rows, columns = (side, 2 * side) if width == 2 * height else (2 * side, 2 * side)
    assert height == width or width == 2 * height
    return GRID + rows * (columns + 1)


FAMILIES = (
    Tiny(
        "llava",
        _llava,
        shown="<image>",
        tokens=lambda *_: GRID,
        tower="model.vision_tower.",
        projector=("model.multi_modal_projector.",),
        # The features are those of the layer before the last.
        idle=(f"encoder.layers.{LAYERS - 1}.", "post_layernorm"),
    ),
    Tiny(
        "llava_next",
        _llava_next,
        shown="<image>",
        tokens=_tiled,
        tower="model.vision_tower.",
        projector=("model.multi_modal_projector.", "model.image_newline"),
        idle=(f"encoder.layers.{LAYERS - 1}.", "post_layernorm"),
    ),
    Tiny(
        "llava_onevision",
        _llava_onevision,
        shown="<image>",
        tokens=_tiled,
        # Several pictures are each shown whole, in one tile, with a mark at the end.
        beside=lambda *_: GRID + 1,
        tower="model.vision_tower.",
        projector=("model.multi_modal_projector.", "model.image_newline"),
        idle=("post_layernorm",),
    ),
)
