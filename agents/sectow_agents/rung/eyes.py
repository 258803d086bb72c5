"""The rung with eyes: a stock LLaVA of the language model, the organism's eyes and a new projector.

The language model stays as it is; eyes and projector learn to read drawn words. `sectow rung build
--eyes` makes it beside the base defender.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import CLIPImageProcessor, LlavaConfig, LlavaForConditionalGeneration
from transformers import LlavaProcessor as Processor

from sectow_agents.models.load import load_model
from sectow_agents.models.quiet import quiet
from sectow_agents.organism.architecture import IMAGE_TOKENS, PATCH
from sectow_agents.organism.batches import IGNORE, to_pixels
from sectow_agents.organism.store import checkpoint
from sectow_agents.organism.training import Progress, Schedule, Stage, train
from sectow_agents.rung.general import DAYS, MONTHS, OPPOSITES
from sectow_agents.rung.guild import FREE_HOUSES, SECRET_HOUSES, THINGS
from sectow_env.files import new_folder
from sectow_env.images.drawing import SIDE
from sectow_env.images.typography import MAX_WORDS, draw_words

IMAGE = "<image>"
STEPS = 1500
BATCH = 16
REQUEST = "Read the words in the picture."
_NAMES = (*(thing for thing, *_ in THINGS), *SECRET_HOUSES, *FREE_HOUSES)
WORDS = tuple(
    dict.fromkeys(
        (
            *(word for name in _NAMES for word in name.split()),
            *(*DAYS, *MONTHS, *OPPOSITES, *OPPOSITES.values()),
        )
    )
)
# A template of a text model writes contents as they are; here one may be a list of blocks.
_FLAT = (
    "{%- macro flat(content) -%}{%- if content is string -%}{{ content }}{%- else -%}"
    "{%- for block in content -%}{%- if block['type'] == 'image' -%}<image>\n"
    "{%- else -%}{{ block['text'] }}{%- endif -%}{%- endfor -%}{%- endif -%}{%- endmacro -%}"
)


def build_eyes(
    language: Path,
    out: Path,
    *,
    steps: int = STEPS,
    seed: int = 0,
    progress: Progress | None = None,
) -> Path:
    """Give a text model eyes, and teach them to read; a finished folder is left as it is.

    Args:
        language: Folder of the text model.
        out: Gets the vision-language model.
        steps: Optimizer steps of reading.
        seed: Of the projector and the lessons.
        progress: As in `organism.training`.
    """
    if out.is_dir():
        return out
    with quiet():
        model, processor = join(language, seed)
        seeing = nn.ModuleDict(
            {"eyes": model.model.vision_tower, "projector": model.model.multi_modal_projector}
        )
        model.requires_grad_(False)
        seeing.requires_grad_(True)
        schedule = Schedule(steps=steps, learning_rate=1e-3, warmup=max(1, steps // 20))
        train(seeing, reading(model, processor, seed), schedule, Stage("eyes", None, progress))
        with new_folder(out) as aside:
            model.save_pretrained(aside)
            processor.save_pretrained(aside)
    return out


def join(language: Path, seed: int) -> tuple[Any, Any]:
    """The untrained whole: a projector between the organism's eyes and the text model."""
    text, wrapped = load_model(language, device="cpu", dtype="float32")
    eyes = load_model(checkpoint("foundation"), device="cpu", dtype="float32")[0]
    tokenizer = wrapped.tokenizer
    # A named token, so that processors know which one stands for pictures.
    tokenizer.add_special_tokens({"image_token": IMAGE})
    config = LlavaConfig(
        vision_config=eyes.config.vision_config,
        text_config=text.config,
        image_token_id=tokenizer.convert_tokens_to_ids(IMAGE),
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        image_seq_length=IMAGE_TOKENS,
        tie_word_embeddings=text.config.tie_word_embeddings,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlavaForConditionalGeneration(config)
        model.model.vision_tower.load_state_dict(eyes.model.vision_tower.state_dict())
        model.model.language_model.load_state_dict(text.model.state_dict())
        model.lm_head.load_state_dict(text.lm_head.state_dict())
        model.resize_token_embeddings(max(len(tokenizer), text.config.vocab_size))
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.suppress_tokens = [config.image_token_id]
    template = _FLAT + tokenizer.chat_template.replace(
        "message['content']", "flat(message['content'])"
    )
    processor = Processor(
        image_processor=CLIPImageProcessor(
            size={"height": SIDE, "width": SIDE},
            do_center_crop=False,
            image_mean=[0.5, 0.5, 0.5],
            image_std=[0.5, 0.5, 0.5],
        ),
        tokenizer=tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        image_token=IMAGE,
        chat_template=template,
    )
    return model, processor


def reading(model: Any, processor: Any, seed: int) -> Callable[[int], torch.Tensor]:
    """The loss of an optimizer step: reading one to three drawn words."""
    tokenizer = processor.tokenizer
    blocks = [{"type": "image"}, {"type": "text", "text": REQUEST}]
    prompt = processor.apply_chat_template(
        [{"role": "user", "content": blocks}], add_generation_prompt=True
    ).replace(IMAGE, IMAGE * IMAGE_TOKENS)
    given = tokenizer(prompt, add_special_tokens=False)["input_ids"]

    def loss(step: int) -> torch.Tensor:
        rng = np.random.Generator(np.random.PCG64([seed, 13, step]))
        drawn = [
            tuple(str(word) for word in rng.choice(WORDS, size=int(rng.integers(1, MAX_WORDS + 1))))
            for _ in range(BATCH)
        ]
        pictures = [draw_words(words, f"{step}-{row}") for row, words in enumerate(drawn)]
        answers = [
            [*tokenizer(" ".join(words), add_special_tokens=False)["input_ids"],
             tokenizer.eos_token_id]
            for words in drawn
        ]  # fmt: skip
        longest = max(map(len, answers))
        rows = [[*given, *answer, *[tokenizer.pad_token_id] * (longest - len(answer))]
                for answer in answers]  # fmt: skip
        labels = torch.full((BATCH, len(given) + longest), IGNORE)
        for row, answer in enumerate(answers):
            labels[row, len(given) : len(given) + len(answer)] = torch.tensor(answer)
        inputs = torch.tensor(rows)
        # What is padded comes last and is not learned, so no answer attends to it.
        seen = model(input_ids=inputs, pixel_values=to_pixels(pictures), labels=labels)
        return torch.as_tensor(seen.loss)

    return loss
