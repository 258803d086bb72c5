from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sectow_env import SectowError
from sectow_env.registry.spec import parse_spec


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


@pytest.mark.parametrize(("text", "value"), [("1e5", 1e5), ("[1]", [1]), (" 3", 3), ("a+b", "a+b")])
def test_a_value_is_json_where_it_can_be(text: str, value: object) -> None:
    assert parse_spec(f"a/b?x={text}").settings == {"x": value}


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
