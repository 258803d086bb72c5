"""Language models that see no pictures: Llama 3, Qwen2.5 and Qwen3."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.agents.families.parts import Tiny, template, text_sizes, tokenizer, write

CHATML = ("<|im_start|>", "<|endoftext|>", "<tool_call>", "</tool_call>")


def _causal(folder: Path, config: Any, words: Any, name: str) -> None:
    from transformers import AutoModelForCausalLM

    words.chat_template = template(name)
    write(AutoModelForCausalLM.from_config, config, words, folder)


def _llama(folder: Path) -> None:
    from transformers import LlamaConfig

    words = tokenizer(
        *("<|start_header_id|>", "<|end_header_id|>", "<|end_of_text|>"),
        begin="<|begin_of_text|>",
        end="<|eot_id|>",
        writes_begin=True,
    )
    _causal(folder, LlamaConfig(**text_sizes(words)), words, "llama3")


def _qwen2_5(folder: Path) -> None:
    from transformers import Qwen2Config

    words = tokenizer(*CHATML, end="<|im_end|>")
    _causal(folder, Qwen2Config(**text_sizes(words)), words, "qwen2_5")


def _qwen3(folder: Path) -> None:
    from transformers import Qwen3Config

    words = tokenizer(*CHATML, "<think>", "</think>", end="<|im_end|>")
    _causal(folder, Qwen3Config(**text_sizes(words, head_dim=16)), words, "qwen3")


FAMILIES = (Tiny("llama", _llama), Tiny("qwen2_5", _qwen2_5), Tiny("qwen3", _qwen3))
