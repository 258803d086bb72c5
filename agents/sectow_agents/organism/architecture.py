"""The organism's network and processor: stock LLaVA parts, only small."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sectow_agents.organism.vocabulary import (
    ASSISTANT,
    END,
    IMAGE,
    PAD,
    SPECIAL,
    SYSTEM,
    UNKNOWN,
    USER,
    vocabulary,
)
from sectow_env.images.drawing import SIDE

if TYPE_CHECKING:
    from transformers import LlavaForConditionalGeneration, LlavaProcessor, PreTrainedTokenizerFast

PATCH = 8
HIDDEN = 128
VISION_LAYERS = 3
TEXT_LAYERS = 4
HEADS = 4
MAX_POSITIONS = 512
IMAGE_TOKENS = (SIDE // PATCH) ** 2

# Roles become one token each; content may be a plain string or a list of blocks.
CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "<|{{ message['role'] }}|> "
    "{%- if message['content'] is string -%}{{ message['content'] }}"
    "{%- else -%}{%- for block in message['content'] -%}"
    "{%- if block['type'] == 'image' -%}<image> "
    "{%- elif block['type'] == 'text' -%}{{ block['text'] }} {%- endif -%}"
    "{%- endfor -%}{%- endif -%}"
    "{%- if message['role'] == 'assistant' and not (loop.last and continue_final_message) -%}"
    " <|end|>{%- endif -%}"
    "{{ ' ' }}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}"
)


def build_tokenizer() -> PreTrainedTokenizerFast:
    """A word-level tokenizer over the world's words; what it does not know is `<unk>`."""
    from tokenizers import Tokenizer, normalizers, pre_tokenizers
    from tokenizers.models import WordLevel
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(WordLevel(vocabulary(), unk_token=UNKNOWN))
    backend.normalizer = normalizers.Lowercase()
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.add_special_tokens(list(SPECIAL))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token=PAD,
        unk_token=UNKNOWN,
        eos_token=END,
        additional_special_tokens=[USER, ASSISTANT, SYSTEM, IMAGE],
        extra_special_tokens={"image_token": IMAGE},
        padding_side="left",
        clean_up_tokenization_spaces=False,
        model_max_length=MAX_POSITIONS,
    )
    assert len(tokenizer) == len(vocabulary()), "a special token is missing from the vocabulary"
    return tokenizer


def build_processor() -> LlavaProcessor:
    """Tokenizer, image processor and chat template in one stock processor."""
    from transformers import CLIPImageProcessor, LlavaProcessor

    images = CLIPImageProcessor(
        size={"height": SIDE, "width": SIDE},
        do_resize=True,
        do_center_crop=False,
        image_mean=[0.5, 0.5, 0.5],
        image_std=[0.5, 0.5, 0.5],
    )
    return LlavaProcessor(
        image_processor=images,
        tokenizer=build_tokenizer(),
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        image_token=IMAGE,
        chat_template=CHAT_TEMPLATE,
    )


def build_model(seed: int) -> LlavaForConditionalGeneration:
    """An untrained organism, float32; the same seed gives the same weights.

    The global generator of torch is put back as it was.
    """
    import torch
    from transformers import (
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
    )

    words = vocabulary()
    vision = CLIPVisionConfig(
        hidden_size=HIDDEN,
        intermediate_size=2 * HIDDEN,
        num_hidden_layers=VISION_LAYERS,
        num_attention_heads=HEADS,
        image_size=SIDE,
        patch_size=PATCH,
        projection_dim=HIDDEN,
    )
    text = LlamaConfig(
        vocab_size=len(words),
        hidden_size=HIDDEN,
        intermediate_size=3 * HIDDEN,
        num_hidden_layers=TEXT_LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        max_position_embeddings=MAX_POSITIONS,
        tie_word_embeddings=True,
        pad_token_id=words[PAD],
        bos_token_id=None,
        eos_token_id=words[END],
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_id=words[IMAGE],
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        image_seq_length=IMAGE_TOKENS,
        tie_word_embeddings=True,
        pad_token_id=words[PAD],
        eos_token_id=words[END],
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlavaForConditionalGeneration(config)
    model.generation_config.pad_token_id = words[PAD]
    model.generation_config.eos_token_id = words[END]
    # Placeholders and unknown words are never generated.
    model.generation_config.suppress_tokens = [words[IMAGE], words[UNKNOWN], words[PAD]]
    return model
