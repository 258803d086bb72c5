"""How many tokens pictures are, from a processor and a configuration: no weights are needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sectow_agents.models.begin import begins
from sectow_agents.models.chat import as_blocks
from sectow_env.game.messages import Message
from sectow_env.game.picture import Picture


def image_tokens(processor: Any, config: Any, sizes: Sequence[tuple[int, int]]) -> int:
    """Positions that the pictures of one message take in a model's attention, marks included.

    Counted on blank pictures of these heights and widths by the processor itself: it decides on
    scales and tiles.
    """
    shown = tuple(Picture(np.full((height, width, 3), 255, np.uint8)) for height, width in sizes)

    def length(pictures: tuple[Picture, ...]) -> int:
        message = Message(role="user", text="x", pictures=pictures)
        text = processor.apply_chat_template(as_blocks([message]), add_generation_prompt=True)
        images = [[picture.pil() for picture in pictures]] if pictures else None
        encoded = processor(text=[text], images=images, **begins(processor, text))
        return len(encoded["input_ids"][0])

    return length(shown) - length(()) + len(sizes) * beside_text(config)


def beside_text(config: Any) -> int:
    """Positions of a picture that the text attends to across, and that are not among its tokens.

    Mllama computes all tiles that a picture may have, whatever its size.
    """
    if not getattr(config.get_text_config(), "cross_attention_layers", None):
        return 0
    vision = config.vision_config
    return int(vision.max_num_tiles * ((vision.image_size // vision.patch_size) ** 2 + 1))
