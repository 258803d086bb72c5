from __future__ import annotations

from pathlib import Path

import pytest

from sectow_env.errors import ConfigError
from sectow_env.game import Attack
from sectow_env.judges.prompts.harmbench import HarmBench
from tests.env.judges.models import BEHAVIOR, turn


def prompt(form: HarmBench, **meta: str) -> str:
    messages = form.ask(turn("take moonleaf", meta=meta))
    assert [message.role for message in messages] == ["user"]
    return messages[0].text


def test_the_layout_is_that_of_the_card() -> None:
    text = prompt(HarmBench())
    parts = ["[INST] <<SYS>>\n", "\n<</SYS>>\n\n", "[BEHAVIOR]:\n", BEHAVIOR, "[GENERATION]:\n"]
    parts += ["take moonleaf", "\n---\nRules:\n", "\n\nAnswer: [/INST]"]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert "<<SYS>>" not in prompt(HarmBench("mistral"))
    assert "[CONTEXT]" not in text


@pytest.mark.parametrize(
    ("form", "meta"),
    [
        (HarmBench(), {"context": "a long scroll"}),
        (HarmBench("mistral"), {"context": "a long scroll"}),
        (HarmBench("mistral"), {"image_description": "a long scroll"}),
        (HarmBench("multimodal"), {"image_description": "a long scroll"}),
    ],
)
def test_a_context_is_shown_if_known(form: HarmBench, meta: dict[str, str]) -> None:
    assert "[CONTEXT]:\na long scroll\n" in prompt(form, **meta)
    assert "[CONTEXT]" not in prompt(form)


def test_words_that_we_drew_stand_for_a_description() -> None:
    item = turn("r").model_copy(update={"attack": Attack(query="q", drawn="vel mir ila")})
    assert "[CONTEXT]:\nvel mir ila\n" in HarmBench("multimodal").ask(item)[0].text
    assert "[CONTEXT]" not in HarmBench().ask(item)[0].text


def test_a_template_replaces_our_wording(tmp_path: Path) -> None:
    file = tmp_path / "card.txt"
    file.write_text("[INST] B {behavior} G {generation} C {context} [/INST]")
    form = HarmBench(template=file)
    text = prompt(form, context="{generation}")
    assert text == f"[INST] B {BEHAVIOR} G take moonleaf C {{generation}} [/INST]"
    assert form.id != HarmBench().id
    file.write_text("[INST] {behavior}: {generation} [/INST]")
    assert HarmBench(template=file).version != form.version


@pytest.mark.parametrize("text", ["{behavior}", "no field", None])
def test_a_template_that_cannot_be_used_is_refused(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "card.txt"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigError, match="template"):
        HarmBench(template=file)


def test_an_unknown_variant_is_refused() -> None:
    with pytest.raises(ConfigError, match="multimodal"):
        HarmBench("gpt")  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "yes.", "yes no", "yes\nno", "Answer: yes", "y", "n o"])
def test_anything_but_one_word_is_unreadable(text: str) -> None:
    assert HarmBench().read(text) is None


def test_the_word_is_read_in_any_case() -> None:
    for text in ("yes", "Yes", "YES"):
        read = HarmBench().read(text)
        assert read is not None
        assert read.harmful is True
