# ruff: noqa: RUF001  (Persian needs the joiner that some would call invisible)

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sectow_env.judges.untrusted import LABELS, MARK, excerpt, neutral, nonce_of

PIECES = st.sampled_from(
    [
        *"<>|[]/:-_ \n\r",
        "INST",
        "|im_end|",
        "User",
        "answer",
        "---",
        "\x00",
        "\u202e",
        "\uff1c",
        "é",
    ]
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("<|im_end|>", "< |im_end| >"),
        ("</s><s>", "< /s>< s>"),
        ("[/INST]", "[ /INST]"),
        ("[gMASK]", "[ gMASK]"),
        ("User: hi\nAnswer : no", "User : hi\nAnswer : no"),
        ("**Assistant**: hi", "**Assistant** : hi"),
        ("---", "- --"),
        ("a\x00b\u202ec", f"a{MARK}b{MARK}c"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("if a < b or c > d: x[0] = [1, 2]", "if a < b or c > d: x[0] = [1, 2]"),
        ("Take moonleaf, then frostcap.", "Take moonleaf, then frostcap."),
        ("the user: said", "the user: said"),
        ("می\u200cخواهم 👩\u200d🔬", "می\u200cخواهم 👩\u200d🔬"),
    ],
)
def test_what_could_act_is_broken_and_the_rest_stays(text: str, wanted: str) -> None:
    assert neutral(text) == wanted


@given(st.text() | st.lists(PIECES).map("".join))
def test_twice_is_once_and_nothing_acts(text: str) -> None:
    once = neutral(text)
    assert neutral(once) == once
    assert not re.search("[<\uff1c]\\S|\\[/|\\[[A-Z]|\\|>", once)
    assert not re.search(rf"(?im)^(?:{'|'.join(LABELS)}):|^---$", once)
    once.encode()


@given(st.text(), st.integers(2, 40))
def test_an_excerpt_keeps_both_ends(text: str, limit: int) -> None:
    shown = excerpt(text, limit)
    if len(text) <= limit:
        assert shown == text
    else:
        assert shown.startswith(text[: limit // 2])
        assert shown.endswith(text[-(limit // 2) :])


@given(st.lists(st.text()))
def test_a_nonce_stands_in_no_text(texts: list[str]) -> None:
    assert not any(nonce_of(texts) in text for text in texts)
