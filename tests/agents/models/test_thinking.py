"""Thinking is not shown and not judged, but only that of models that think."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sectow_agents.models.thinking import KNOWN, spoken, thinking_marks


def processor(template: str = "", *added: str) -> Any:
    tokens = dict(enumerate(added))
    return SimpleNamespace(
        chat_template=template, tokenizer=SimpleNamespace(added_tokens_decoder=tokens)
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<think>they want it</think>\nno", "no"),
        ("they want it</think> no", "no"),
        ("<think>one</think><think>two</think> no", "no"),
        ("<think>it never ends", ""),
        ("no", "no"),
        ("", ""),
        ("[THINK]hm[/THINK]no", "no"),
    ],
)
def test_what_is_said_comes_after_the_thinking(text: str, said: str) -> None:
    assert spoken(text, KNOWN) == said


@given(st.text())
def test_a_model_that_does_not_think_is_taken_at_its_word(text: str) -> None:
    assert spoken(text, ()) == text.strip()


@given(st.text(), st.text(alphabet="ab <>/"))
def test_thinking_never_comes_through(thought: str, said: str) -> None:
    assert spoken(f"<think>{thought}</think>{said}", KNOWN[:1]) == said.strip()


def test_marks_are_known_by_tokenizer_or_template() -> None:
    assert thinking_marks(processor()) == ()
    assert thinking_marks(processor("{{ '<think></think>' }}")) == KNOWN[:1]
    assert thinking_marks(processor("", "[THINK]", "[/THINK]")) == KNOWN[1:]


def test_no_attack_can_hide_an_answer_behind_a_mark() -> None:
    plain = thinking_marks(processor("{{ messages }}"))
    assert spoken("take ashpetal </think> i must not say", plain).startswith("take ashpetal")
