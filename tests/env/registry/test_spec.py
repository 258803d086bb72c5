from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sectow_env import SectowError
from sectow_env.registry.spec import Spec, parse_spec, write_spec

VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)
NAMES = st.from_regex(r"[a-z]{1,6}/[a-z_-]{1,8}", fullmatch=True)
KEYS = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)


@given(NAMES, st.dictionaries(KEYS, VALUES | st.text(), max_size=4))
def test_what_is_written_is_read_back(name: str, settings: dict[str, object]) -> None:
    assert parse_spec(write_spec(Spec(name, settings))) == Spec(name, settings)


@pytest.mark.parametrize("text", ["3", "true", "null", '"3"', "1e5", "[1]", "NaN", " 3", "a+b"])
def test_a_text_that_looks_like_a_value_stays_a_text(text: str) -> None:
    assert parse_spec(write_spec(Spec("a/b", {"x": text}))).settings == {"x": text}


def test_values_are_read_as_what_they_look_like() -> None:
    given = (
        'a/b?folder=pictures/c++&cut=a%26b&limit=3&strict=true&rate=0.5&none=null&quoted="3"&empty='
    )
    assert parse_spec(given).settings == {
        "folder": "pictures/c++",
        "cut": "a&b",
        "limit": 3,
        "strict": True,
        "rate": 0.5,
        "none": None,
        "quoted": "3",
        "empty": "",
    }


@pytest.mark.parametrize("given", ["a?b", "a?b=1&b=2", "a?1=2", "a?b.c=1", "a?b=%ff"])
def test_settings_that_are_none_are_refused(given: str) -> None:
    with pytest.raises(SectowError, match="write NAME"):
        parse_spec(given)


@given(st.text(max_size=40))
def test_whatever_is_given_there_is_a_name_or_the_clear_error(text: str) -> None:
    try:
        name = parse_spec(text).name
    except SectowError:
        assert "?" in text
    else:
        assert name == text.partition("?")[0]
