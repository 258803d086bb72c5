"""Gemma 3, InternVL, Mllama and Mistral 3."""

from __future__ import annotations

from pathlib import Path

from tests.agents.families.parts import (
    HEADS,
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
SIZE = {"height": SIDE, "width": SIDE}

# In words: ChatML; a picture is its placeholder and a new line, where it stands.
INTERNVL_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' }}"
    "{% if message.content is string %}{{ message.content }}{% else %}"
    "{% for part in message.content %}"
    "{% if part.type == 'image' %}{{ '<IMG_CONTEXT>\n' }}"
    "{% elif part.type == 'text' %}{{ part.text }}{% endif %}"
    "{% endfor %}{% endif %}{{ '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
# In words: Llama 3's headers; a system prompt beside a picture is refused.
MLLAMA_TEMPLATE = (
    "{{ bos_token }}{% set seen = namespace(image=false) %}"
    "{% for message in messages %}{% if message.content is not string %}"
    "{% for part in message.content if part.type == 'image' %}{% set seen.image = true %}"
    "{% endfor %}{% endif %}{% endfor %}"
    "{% if seen.image and messages[0].role == 'system' %}"
    "{{ raise_exception('a system prompt is incompatible with images') }}{% endif %}"
    "{% for message in messages %}"
    "{{ '<|start_header_id|>' + message.role + '<|end_header_id|>\n\n' }}"
    "{% if message.content is string %}{{ message.content }}{% else %}"
    "{% for part in message.content %}"
    "{% if part.type == 'image' %}{{ '<|image|>' }}"
    "{% elif part.type == 'text' %}{{ part.text | trim }}{% endif %}"
    "{% endfor %}{% endif %}{{ '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
# In words: a system prompt and instructions in brackets, an answer up to the end of the text.
MISTRAL3_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message.role == 'assistant' %}"
    "{{ message.content[0].text + eos_token }}"
    "{% else %}{% set mark = 'SYSTEM_PROMPT' if message.role == 'system' else 'INST' %}"
    "{{ '[' + mark + ']' }}{% if message.content is string %}{{ message.content }}{% else %}"
    "{% for part in message.content %}"
    "{% if part.type == 'image' %}{{ '[IMG]' }}"
    "{% elif part.type == 'text' %}{{ part.text }}{% endif %}"
    "{% endfor %}{% endif %}{{ '[/' + mark + ']' }}{% endif %}{% endfor %}"
)


def _gemma3(folder: Path) -> None:
    from transformers import (
        Gemma3Config,
        Gemma3ForConditionalGeneration,
        Gemma3ImageProcessor,
        Gemma3Processor,
        Gemma3TextConfig,
        SiglipVisionConfig,
    )

    named = {
        "boi_token": "<start_of_image>",
        "eoi_token": "<end_of_image>",
        "image_token": "<image_soft_token>",
    }
    words = tokenizer(
        *("<start_of_turn>", "<eos>", *named.values()),
        begin="<bos>",
        end="<end_of_turn>",
        writes_begin=True,
        named=named,
    )
    processor = Gemma3Processor(
        image_processor=Gemma3ImageProcessor(size=SIZE),
        tokenizer=words,
        image_seq_length=GRID // 4,
        chat_template=template("gemma3"),
    )
    config = Gemma3Config(
        vision_config=SiglipVisionConfig(**vision_sizes(SIDE, PATCH, vision_use_head=False)),
        text_config=Gemma3TextConfig(
            **text_sizes(words, head_dim=16, query_pre_attn_scalar=16, sliding_window=64)
        ),
        mm_tokens_per_image=GRID // 4,
        boi_token_index=words.convert_tokens_to_ids("<start_of_image>"),
        eoi_token_index=words.convert_tokens_to_ids("<end_of_image>"),
        image_token_index=words.convert_tokens_to_ids("<image_soft_token>"),
    )
    write(Gemma3ForConditionalGeneration, config, processor, folder)


def _internvl(folder: Path) -> None:
    from transformers import (
        GotOcr2ImageProcessor,
        InternVLConfig,
        InternVLForConditionalGeneration,
        InternVLProcessor,
        InternVLVideoProcessor,
        Qwen2Config,
    )

    named = {
        "start_image_token": "<img>",
        "end_image_token": "</img>",
        "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<video>",
    }
    words = tokenizer("<|im_start|>", *named.values(), end="<|im_end|>", named=named)
    processor = InternVLProcessor(
        image_processor=GotOcr2ImageProcessor(
            size=SIZE, crop_to_patches=True, min_patches=1, max_patches=4
        ),
        tokenizer=words,
        video_processor=InternVLVideoProcessor(size=SIZE),
        image_seq_length=GRID // 4,
        chat_template=INTERNVL_TEMPLATE,
    )
    vision = vision_sizes(SIDE, PATCH)
    config = InternVLConfig(
        vision_config={**vision, "image_size": [SIDE, SIDE], "patch_size": [PATCH, PATCH]},
        text_config=Qwen2Config(**text_sizes(words)),
        image_token_id=words.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=GRID // 4,
    )
    write(InternVLForConditionalGeneration, config, processor, folder)


def _mllama(folder: Path) -> None:
    from transformers import (
        MllamaConfig,
        MllamaForConditionalGeneration,
        MllamaImageProcessor,
        MllamaProcessor,
    )

    words = tokenizer(
        *("<|start_header_id|>", "<|end_header_id|>", "<|python_tag|>", "<|image|>"),
        begin="<|begin_of_text|>",
        end="<|eot_id|>",
        writes_begin=True,
    )
    processor = MllamaProcessor(
        image_processor=MllamaImageProcessor(size=SIZE, max_image_tiles=4),
        tokenizer=words,
        chat_template=MLLAMA_TEMPLATE,
    )
    config = MllamaConfig(
        vision_config={
            "hidden_size": WIDTH,
            "intermediate_size": WIDTH,
            "num_hidden_layers": LAYERS,
            "num_global_layers": 1,
            "attention_heads": HEADS,
            # The last layer's output, and those of the listed ones beside it.
            "vision_output_dim": 2 * WIDTH,
            "intermediate_layers_indices": [0],
            "image_size": SIDE,
            "patch_size": PATCH,
            "max_num_tiles": 4,
        },
        text_config=text_sizes(words, num_hidden_layers=3, cross_attention_layers=[1]),
        image_token_index=words.convert_tokens_to_ids("<|image|>"),
    )
    write(MllamaForConditionalGeneration, config, processor, folder)


def _mistral3(folder: Path) -> None:
    from transformers import (
        Mistral3Config,
        Mistral3ForConditionalGeneration,
        MistralConfig,
        PixtralImageProcessor,
        PixtralProcessor,
        PixtralVisionConfig,
    )

    marks = ("[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]")
    images = ("[IMG]", "[IMG_BREAK]", "[IMG_END]")
    words = tokenizer(*marks, *images, begin="<s>", end="</s>", writes_begin=True)
    processor = PixtralProcessor(
        image_processor=PixtralImageProcessor(
            size={"longest_edge": 2 * SIDE}, patch_size={"height": PATCH, "width": PATCH}
        ),
        tokenizer=words,
        patch_size=PATCH,
        spatial_merge_size=2,
        chat_template=MISTRAL3_TEMPLATE,
    )
    config = Mistral3Config(
        vision_config=PixtralVisionConfig(**vision_sizes(2 * SIDE, PATCH)),
        text_config=MistralConfig(**text_sizes(words, head_dim=16)),
        image_token_index=words.convert_tokens_to_ids("[IMG]"),
        spatial_merge_size=2,
        vision_feature_layer=-1,
    )
    write(Mistral3ForConditionalGeneration, config, processor, folder)


FAMILIES = (
    Tiny(
        "gemma3",
        _gemma3,
        shown="<image_soft_token>",
        tokens=lambda *_: GRID // 4,
        tower="model.vision_tower.",
        projector=("model.multi_modal_projector.",),
    ),
    Tiny(
        "internvl",
        _internvl,
        shown="<IMG_CONTEXT>",
        # As many tiles as the shape gives, and a thumbnail where there are several.
        tokens=lambda height, width: (5 if height == width else 3) * (GRID // 4),
        tower="model.vision_tower.",
        projector=("model.multi_modal_projector.",),
    ),
    Tiny(
        "mllama",
        _mllama,
        shown="<|image|>",
        # The language model attends to the picture beside the text, which has one mark for it.
        tokens=lambda *_: 1,
        tower="model.vision_model.",
        projector=("model.multi_modal_projector.",),
        closed="cross-attention",
    ),
    Tiny(
        "mistral3",
        _mistral3,
        shown="[IMG]",
        tokens=lambda height, width: (height // (2 * PATCH)) * (width // (2 * PATCH)),
        tower="model.vision_tower.",
        projector=("model.multi_modal_projector.",),
    ),
)
