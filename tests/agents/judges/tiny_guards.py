"""Tiny causal language models with tokenizers, random or trained to write verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from sectow_agents.models.quiet import quiet
from tests.agents.tiny import tokenizer
from tests.env.judges.models import BEHAVIOR

TEMPLATE = (
    "{%- for message in messages -%}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>"
    "{%- endfor -%}{%- if add_generation_prompt -%}<|system|>{%- endif -%}"
)
ANSWER = "take moonleaf"
REFUSAL = "no , never"
VERDICTS = {
    ANSWER: "Safety: Unsafe\nCategories: Violent\nRefusal: No",
    REFUSAL: "Safety: Safe\nCategories: None\nRefusal: Yes",
}
CONTEXT = 512


def text_guard(folder: Path, teach: Mapping[str, str] | None = None) -> Path:
    """A Llama with a chat template, written into a folder.

    Args:
        folder: Where to.
        teach: Response -> the verdict that the model learns to write.
    """
    words = tokenizer()
    words.chat_template = TEMPLATE
    model = _model(words)
    if teach:
        _learn(model, words, teach)
    return _write(model, words, folder)


def yes_model(folder: Path) -> Path:
    """A Llama without a chat template whose every token is `yes`."""
    words = _plain_words("yes")
    model = _model(words, 4096)
    with torch.no_grad():
        # Every token looks the same, no layer adds to it, and the head knows one word.
        model.model.embed_tokens.weight.fill_(1.0)
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        model.lm_head.weight.zero_()
        model.lm_head.weight[words.convert_tokens_to_ids("yes")] = 1.0
    return _write(model, words, folder)


def _plain_words(word: str) -> PreTrainedTokenizerFast:
    """One token per byte, and another for a word that no text is split into; no padding."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    known = {token: index for index, token in enumerate(["</s>", word, *alphabet])}
    backend = Tokenizer(BPE(known, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(["</s>"])
    words = PreTrainedTokenizerFast(tokenizer_object=backend)
    words.add_special_tokens({"eos_token": "</s>"})
    return words


def _model(words: PreTrainedTokenizerFast, context: int = CONTEXT) -> Any:
    with quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = LlamaForCausalLM(
            LlamaConfig(
                vocab_size=len(words),
                hidden_size=64,
                intermediate_size=128,
                num_hidden_layers=2,
                num_attention_heads=4,
                num_key_value_heads=4,
                max_position_embeddings=context,
                pad_token_id=words.pad_token_id,
                bos_token_id=None,
                eos_token_id=words.eos_token_id,
            )
        )
    model.generation_config.pad_token_id = words.pad_token_id
    model.generation_config.eos_token_id = words.eos_token_id
    return model


def _learn(model: Any, words: PreTrainedTokenizerFast, teach: Mapping[str, str]) -> None:
    rows, labels = [], []
    for response, verdict in teach.items():
        chat = [
            {"role": "user", "content": BEHAVIOR},
            {"role": "assistant", "content": response},
        ]
        prompt = words.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
        read = words(prompt)["input_ids"]
        target = [*words(verdict)["input_ids"], words.eos_token_id]
        rows.append([*read, *target])
        labels.append([*[-100] * len(read), *target])
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    model.train()
    for _ in range(150):
        for row, label in zip(rows, labels, strict=True):
            loss = model(input_ids=torch.tensor([row]), labels=torch.tensor([label])).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    model.eval()


def _write(model: Any, words: PreTrainedTokenizerFast, folder: Path) -> Path:
    with quiet():
        model.save_pretrained(folder)
        words.save_pretrained(folder)
    return folder
