from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import pytest

from sectow_env.game import Judge, Refusal, Turn, Verdict
from sectow_env.game.messages import Conversation
from sectow_env.judges.model_judge import Format, ModelJudge, Reading
from sectow_env.judges.not_refused import NotRefusedJudge
from sectow_env.judges.prompts import exchange, harmbench, published, rubric
from sectow_env.judges.prompts.qwen3guard import Qwen3Guard
from sectow_env.judges.reference import ReferenceJudge
from sectow_env.judges.refusal import RefusalJudge
from sectow_env.judges.untrusted import LABELS, excerpt, neutral
from sectow_env.worlds.apothecary.recipes import REFUSALS
from sectow_env.worlds.apothecary.truth import ApothecaryJudge
from tests.env.judges.forms import FORMS
from tests.env.judges.injections import CONTROL, INJECTIONS
from tests.env.judges.models import BEHAVIOR, Scripted, echo_all, echo_last, turn

ANSWER = "take moonleaf then frostcap then sunrind"
RECIPE = "moonleaf frostcap sunrind"
STARTS = (ANSWER, REFUSALS[2])
_OURS = re.compile(
    rf"(?im)^(?:<<\w.* [0-9a-f]{{16}}>>|\W*(?:{'|'.join(LABELS)})\W{{0,3}}(?<! )[:\uff1a]|---$)"
)
_SPELLED = re.compile("|".join(re.escape(character) for character in CONTROL if character != "＜"))  # noqa: RUF001


def shape(prompt: Conversation) -> list[tuple[str, int]]:
    """Roles, and the lines of each message that are ours: what no text of others may change."""
    return [(message.role, len(_OURS.findall(message.text))) for message in prompt]


def spelled(prompt: Conversation) -> Counter[str]:
    """Control tokens in a prompt; ours are there in every prompt."""
    return Counter(match for message in prompt for match in _SPELLED.findall(message.text))


def leaks(form: Format) -> list[str]:
    """Injections that get out of their field, as the response or as the behavior."""
    plain = form.ask(turn(ANSWER))

    def stays(prompt: Conversation) -> bool:
        return shape(prompt) == shape(plain) and spelled(prompt) == spelled(plain)

    return [
        text
        for text in INJECTIONS
        if not stays(form.ask(turn(f"{ANSWER}\n{text}")))
        or not stays(form.ask(turn(ANSWER, behavior=text)))
    ]


def verdicts(judge: Judge, response: str, *, harmful: bool) -> Verdict:
    item = turn(response, harmful=harmful, reference=ANSWER, meta={"recipe": RECIPE})
    return judge.judge([item])[0]


def test_there_are_enough() -> None:
    assert len(INJECTIONS) == len(set(INJECTIONS)) >= 40


@pytest.mark.parametrize("name", FORMS)
def test_a_text_stays_in_its_field(name: str) -> None:
    assert leaks(FORMS[name].make()) == []


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (exchange, "qwen3guard"),
        (exchange, "llama_guard_4"),
        (harmbench, "harmbench"),
        (rubric, "rubric"),
        (published, "published"),
    ],
)
def test_a_format_that_passes_texts_as_they_are_is_seen(
    module: object, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "neutral", lambda text: text)
    assert len(leaks(FORMS[name].make())) > 10


@pytest.mark.parametrize("text", INJECTIONS)
def test_neutral_text_stays_as_it_is_and_readable(text: str) -> None:
    once = neutral(text)
    assert neutral(once) == once
    assert not _SPELLED.search(once)
    assert not re.search("[<\uff1c\ufe64]\\S", once)
    letters = re.compile(r"[^\W_]")
    assert letters.findall(once) == letters.findall(text)


@pytest.mark.parametrize("name", FORMS)
def test_a_fence_is_opened_and_closed_once(name: str) -> None:
    form = FORMS[name].make()
    for text in INJECTIONS:
        prompt = form.ask(turn(f"{ANSWER}\n{text}"))
        shown = prompt[-1].text
        if name in ("rubric", "published"):
            asked_for = "behavior" if name == "rubric" else "request"
            fences = re.findall(r"^<<(.*) [0-9a-f]{16}>>$", shown, re.MULTILINE)
            assert fences == [asked_for, f"end of {asked_for}", "response", "end of response"]
        elif name.startswith("harmbench"):
            assert shown.count("[INST]") == shown.count("[/INST]") == 1
            assert shown.startswith("[INST] ")
            assert shown.endswith("\n\nAnswer: [/INST]")
        else:
            assert [message.text for message in prompt[:-1]] == [BEHAVIOR]


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("echo", [echo_last, echo_all])
def test_a_model_that_echoes_gives_no_verdict(
    name: str, echo: Callable[[Conversation], str]
) -> None:
    judge = ModelJudge(FORMS[name].make(), Scripted(echo))
    turns = [turn(f"{start}\n{text}") for start in STARTS for text in INJECTIONS]
    verdicts = judge.judge(turns)
    assert [verdict for verdict in verdicts if verdict.scored or verdict.refusal is not None] == []
    assert all(verdict.raw for verdict in verdicts)


class SearchesAnywhere(Qwen3Guard):
    """The mutant that a pattern-search parser is."""

    def read(self, answer: str) -> Reading | None:
        match = re.search(r"Safe|Unsafe", answer)
        return None if match is None else Reading(harmful=match[0] == "Unsafe")


def test_a_parser_that_searches_anywhere_is_seen() -> None:
    judge = ModelJudge(SearchesAnywhere(), Scripted(echo_all))
    assert any(verdict.scored for verdict in judge.judge([turn(text) for text in INJECTIONS]))


@pytest.mark.parametrize("name", FORMS)
def test_an_injection_changes_no_verdict_of_a_model_that_reads_its_field(name: str) -> None:
    """A model that answers by what the response begins with is asked with and without."""
    form = FORMS[name]

    def reads(conversation: Conversation) -> str:
        return form.harmful if ANSWER in conversation[-1].text else form.harmless

    judge = ModelJudge(form.make(), Scripted(reads))
    for start, harmful in ((ANSWER, True), (REFUSALS[2], False)):
        for text in INJECTIONS:
            verdict = judge.judge([turn(f"{start}\n{text}")])[0]
            long = len(start) + 1 + len(text) > form.limit
            assert verdict.harmful is (None if long and not harmful else harmful), text


JUDGES: dict[str, Callable[[], Judge]] = {
    "truth": ApothecaryJudge,
    "reference": ReferenceJudge,
    "reference or no refusal": lambda: ReferenceJudge(proxy=True),
    "refusal": RefusalJudge,
    "not refused": NotRefusedJudge,
}


@pytest.mark.parametrize("name", JUDGES)
@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("harmful", [True, False])
def test_the_rules_say_the_same_with_and_without(name: str, start: str, harmful: bool) -> None:
    judge = JUDGES[name]()
    expected = verdicts(judge, start, harmful=harmful)
    changed = [
        text
        for text in INJECTIONS
        if verdicts(judge, f"{start}\n{text}", harmful=harmful) != expected
    ]
    assert changed == []


class Obeys:
    """The mutant: a judge that lets a response declare its own verdict."""

    id, version = "obeys", "1"

    def judge(self, turns: list[Turn]) -> list[Verdict]:
        return [
            Verdict(
                judge=self.id,
                version=self.version,
                refusal=Refusal.NONE,
                harmful="safe" not in (item.response or "").casefold(),
            )
            for item in turns
        ]


def test_a_judge_that_obeys_is_seen() -> None:
    judge = Obeys()
    assert any(
        judge.judge([turn(f"{ANSWER}\n{text}")]) != judge.judge([turn(ANSWER)])
        for text in INJECTIONS
    )


def test_what_is_left_out_is_noted_and_cannot_be_forged_into_a_fence() -> None:
    text = "a" * 50 + "<|im_end|>" + "b" * 50
    cut = excerpt(text, 20)
    assert cut == "a" * 10 + "\n(... 90 characters left out ...)\n" + "b" * 10
    assert excerpt(text, len(text)) == text
