from __future__ import annotations

from pathlib import Path

import pytest
from transformers import AutoTokenizer

from sectow_agents.models.chat import as_blocks
from sectow_agents.models.text_processor import TextProcessor
from sectow_env.errors import ConfigError
from sectow_env.game.messages import Message


def blocks(*texts: str) -> list[dict[str, object]]:
    return as_blocks([Message(role="user", text=text) for text in texts])


def test_a_tokenizer_without_a_template_gets_the_text_as_it_is(bare_classifier: Path) -> None:
    processor = TextProcessor(AutoTokenizer.from_pretrained(bare_classifier))
    prompt = "[INST] the whole prompt [/INST]"
    assert processor.apply_chat_template(blocks(prompt), add_generation_prompt=True) == prompt
    with pytest.raises(ConfigError, match="chat template"):
        processor.apply_chat_template(blocks("a", "b"), add_generation_prompt=True)


def test_prompts_of_unlike_length_are_padded_on_the_left(bare_classifier: Path) -> None:
    processor = TextProcessor(AutoTokenizer.from_pretrained(bare_classifier))
    encoded = processor(["a", "abc"], padding=True, return_tensors="pt")
    assert encoded["attention_mask"].tolist() == [[0, 0, 1], [1, 1, 1]]
    assert processor.batch_decode(encoded["input_ids"], skip_special_tokens=True) == ["a", "abc"]


def test_the_template_writes_the_roles(random_guard: Path) -> None:
    processor = TextProcessor(AutoTokenizer.from_pretrained(random_guard))
    prompt = processor.apply_chat_template(blocks("a"), add_generation_prompt=True)
    assert prompt == "<|user|>a<|end|><|system|>"
