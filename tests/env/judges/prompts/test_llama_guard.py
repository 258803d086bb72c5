from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sectow_env.judges.prompts.llama_guard import LlamaGuard3Vision, LlamaGuard4


@pytest.mark.parametrize("codes", ["S1", "S1,S9", "S13, S2"])
def test_codes_are_the_category(codes: str) -> None:
    read = LlamaGuard3Vision().read(f"unsafe\n{codes}")
    assert read is not None
    assert read.harmful is True
    assert read.category == codes.replace(" ", "")
    assert read.refusal is None, "it says nothing of refusal"


def test_each_model_knows_its_own_codes() -> None:
    assert LlamaGuard4().read("unsafe\nS14") is not None
    assert LlamaGuard3Vision().read("unsafe\nS14") is None
    assert LlamaGuard4().read("unsafe\nS15") is None
    assert LlamaGuard4().read("unsafe\nS0") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "unsafe",
        "Safe",
        "safe\nS1",
        "safe unsafe",
        "unsafe\nS1\nsafe",
        "unsafe\nviolence",
        "it is safe",
        "safe.",
        "safe\nsafe",
        "unsafe S1",
    ],
)
def test_anything_else_is_unreadable(text: str) -> None:
    assert LlamaGuard4().read(text) is None


@given(st.text())
def test_any_text_is_read_or_not(text: str) -> None:
    read = LlamaGuard4().read(text)
    assert read is None or text == "safe" or text.startswith("unsafe")
