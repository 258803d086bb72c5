from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from sectow_env.endpoint.cache import CacheError
from sectow_env.env.observations import read_attack, read_response
from sectow_env.env.spaces import NO_IMAGE
from sectow_env.errors import (
    MAX_LISTED,
    ConfigError,
    MissingExtraError,
    PackError,
    PartError,
    RunFolderError,
    SectowError,
    UnknownNameError,
    at_fault,
    unknown,
)
from sectow_env.pool.store import PoolError
from sectow_env.text import flaw_of


def test_an_error_reads_in_three_parts() -> None:
    error = ConfigError(given="group size 7", why="batch 128 has no such groups", fix="set 8")
    assert str(error) == "group size 7; batch 128 has no such groups; set 8"


@pytest.mark.parametrize("kind", [ConfigError, UnknownNameError, PackError, RunFolderError])
def test_every_user_error_is_one_of_ours(kind: type[SectowError]) -> None:
    error = kind("a", "b", "c")
    assert isinstance(error, SectowError)
    assert (error.given, error.why, error.fix) == ("a", "b", "c")


def test_a_missing_extra_names_the_pip_line() -> None:
    error = MissingExtraError("sectow train", "torch", "train")
    assert error.given == "sectow train"
    assert "torch" in error.why
    assert 'pip install "sectow[train]"' in error.fix


@pytest.mark.parametrize(
    "error",
    [ConfigError("a", "b", "c"), MissingExtraError("digits", "scikit-learn", "train")],
)
def test_errors_cross_processes(error: SectowError) -> None:
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  (our own bytes)
    assert type(copy) is type(error)
    assert str(copy) == str(error)


def test_an_unknown_name_suggests_the_nearest() -> None:
    error = unknown("judge", "apothecary/keywrod", ["apothecary/keyword", "organism/defender"])
    assert error.given == "judge 'apothecary/keywrod'"
    assert "did you mean 'apothecary/keyword'?" in error.fix
    assert "organism/defender" in error.fix


def test_a_name_like_no_other_gets_no_suggestion() -> None:
    error = unknown("judge", "zzz", ["apothecary/keyword"])
    assert "did you mean" not in error.fix
    assert "known: apothecary/keyword" in error.fix


def test_a_long_list_of_names_is_cut_and_says_so() -> None:
    error = unknown("potion", "x", (f"name-{number:03}" for number in range(MAX_LISTED + 5)))
    assert error.fix.endswith("and 5 more")


def test_an_unknown_name_where_nothing_is_installed() -> None:
    error = unknown("world", "apothecary", [])
    assert "no world is installed" in error.why


@pytest.mark.parametrize(
    "kind", [ConfigError, UnknownNameError, PackError, RunFolderError, PoolError, CacheError]
)
def test_what_cannot_work_is_a_wrong_value_to_python(kind: type[SectowError]) -> None:
    with pytest.raises(ValueError, match="a; b; c"):
        raise kind("a", "b", "c")


def test_an_unpaired_surrogate_is_named_with_its_place() -> None:
    with pytest.raises(SectowError) as caught:
        read_response("left\udfff")
    assert "'\\udfff' at character 5 of 5" in str(caught.value)
    with pytest.raises(SectowError) as caught:
        read_attack({"query": "\ud800 x", "image": NO_IMAGE})
    assert "'\\ud800' at character 1 of 3" in str(caught.value)


@given(st.text(alphabet=st.characters()))
def test_a_whole_text_has_no_flaw(text: str) -> None:
    surrogate = any("\ud800" <= character <= "\udfff" for character in text)
    assert (flaw_of(text) is not None) is surrogate


def test_a_quoted_message_has_no_addresses() -> None:
    class Model(BaseModel):
        steps: int

    with pytest.raises(PartError) as failed, at_fault("the judge mine/strict"):
        Model.model_validate({"steps": object()})
    assert "Input should be a valid integer" in failed.value.why
    assert "http" not in str(failed.value)
    assert " at 0x" not in str(failed.value)
