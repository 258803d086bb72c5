from __future__ import annotations

import pickle

import pytest

from sectow_env.errors import (
    MAX_LISTED,
    ConfigError,
    MissingExtraError,
    PackError,
    RunFolderError,
    SectowError,
    UnknownNameError,
    unknown,
)


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
