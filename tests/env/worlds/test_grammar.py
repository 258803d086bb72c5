from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sectow_env.worlds.grammar import MAX_COMPLETION, FreeForm, Slots, parse, write

WORD = st.text(min_size=1, max_size=12).filter(
    lambda text: not set(text) & set(":;") and len(text.split()) == 1 and text == text.strip()
)
NAME = st.lists(WORD, min_size=1, max_size=4).map(tuple)
FRAME = st.from_regex(r"\A\w{1,6}\Z")
SLOTS = st.builds(Slots, frame=FRAME, name=NAME)
QUERY = st.text(min_size=1, max_size=60).filter(lambda text: bool(text) and text == text.strip())
DRAWN = st.one_of(st.just(()), NAME.filter(lambda words: words != ("none",)))
FREE = st.builds(FreeForm, image=DRAWN, query=QUERY)


@given(st.one_of(SLOTS, FREE))
def test_what_is_written_is_read_back(attack: Slots | FreeForm) -> None:
    assert parse(write(attack)) == attack


@given(st.text())
@example("frame:;name:")
@example("image : none ; query :")
@example("frame : f4 ; name : " + " " * 1900 + ";")
@example("x" * (MAX_COMPLETION + 1))
def test_any_text_is_read_or_refused_never_raised(text: str) -> None:
    assert parse(text) is None or isinstance(parse(text), Slots | FreeForm)


@given(st.one_of(SLOTS, FREE).map(write), st.integers(0, 200), st.sampled_from(list(":; x\n\0")))
def test_a_damaged_completion_never_raises(text: str, place: int, what: str) -> None:
    place %= len(text)
    parse(text[:place] + what + text[place:])
    parse(text[:place] + text[place + 1 :])


def test_space_and_case_of_the_keys_do_not_matter() -> None:
    assert parse("\n FRAME:f4;Name :vel  mir\tila ") == Slots("f4", ("vel", "mir", "ila"))
    assert parse("Image:NONE;query:a ; b : c") is not None


@pytest.mark.parametrize(
    "completion",
    [
        "frame : f4",
        "name : vel ; frame : f4",
        "frame : f4 ; name : ",
        "frame : f4 ; frame : f4 ; name : vel",
        "frame : f4 ; name : vel ; name : mir",
        "frame : f 4 ; name : vel",
        "frame : f4 , name : vel",
        "sure ! frame : f4 ; name : vel",
        "image : vel",
        "image : ; query : what ?",
        "image : vel ; query : ",
        "query : what ? ; image : vel",
        "image : vel ; colour : red ; query : what ?",
        "",
    ],
)
def test_no_key_may_miss_be_repeated_or_exchanged(completion: str) -> None:
    assert parse(completion) is None


def test_a_completion_at_the_limit_is_read_and_beyond_it_is_not() -> None:
    start = "image : none ; query : "
    assert parse(start + "a" * (MAX_COMPLETION - len(start))) is not None
    assert parse(start + "a" * (MAX_COMPLETION - len(start) + 1)) is None
