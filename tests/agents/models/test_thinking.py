"""Thinking is not shown and not judged, but only that of models that think."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sectow_agents.models.thinking import KNOWN, thinking_marks, without_thinking


def processor(template: str = "", *added: str) -> Any:
    tokens = dict(enumerate(added))
    return SimpleNamespace(
        chat_template=template, tokenizer=SimpleNamespace(added_tokens_decoder=tokens)
    )


@pytest.mark.parametrize(
    ("text", "answer"),
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
def test_the_answer_comes_after_the_thinking(text: str, answer: str) -> None:
    assert without_thinking(text, KNOWN) == answer


@given(st.text())
def test_the_text_of_a_model_that_does_not_think_stays_whole(text: str) -> None:
    assert without_thinking(text, ()) == text.strip()


@given(st.text(), st.text(alphabet="ab <>/"))
def test_thinking_never_comes_through(thought: str, answer: str) -> None:
    assert without_thinking(f"<think>{thought}</think>{answer}", KNOWN[:1]) == answer.strip()


def test_marks_are_known_by_tokenizer_or_template() -> None:
    assert thinking_marks(processor()) == ()
    assert thinking_marks(processor("{{ '<think></think>' }}")) == KNOWN[:1]
    assert thinking_marks(processor("", "[THINK]", "[/THINK]")) == KNOWN[1:]


def test_no_attack_can_hide_an_answer_behind_a_mark() -> None:
    plain = thinking_marks(processor("{{ messages }}"))
    assert without_thinking("take ashpetal </think> i must not say", plain).startswith(
        "take ashpetal"
    )
