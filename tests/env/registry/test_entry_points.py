from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from sectow_env.errors import ConfigError, MissingExtraError, UnknownNameError
from sectow_env.registry.entry_points import GROUPS, OWNER, Registry

GROUP = "sectow.judges"
Install = Callable[..., None]

SOURCE = """
class Strict:
    def __init__(self, *, level=1):
        self.level = level

    @classmethod
    def mild(cls):
        return cls(level=0)

constant = 3
"""


class Leveled(Protocol):
    level: int


@pytest.fixture
def judges() -> Registry[Leveled]:
    return Registry[Leveled](GROUP)


def test_a_name_with_a_slash_is_listed_loaded_and_built(
    judges: Registry[Leveled], install: Install
) -> None:
    install("stranger", {GROUP: {"my/strict": "foreign:Strict"}}, foreign=SOURCE)
    assert "my/strict" in judges.names()
    assert "foreign" not in sys.modules, "listing imports nothing"
    assert judges.make("my/strict", level=4).level == 4
    assert judges.get("my/strict")().level == 1


def test_an_attribute_may_be_nested(judges: Registry[Leveled], install: Install) -> None:
    install("stranger", {GROUP: {"my/mild": "foreign:Strict.mild"}}, foreign=SOURCE)
    assert judges.make("my/mild").level == 0


def test_groups_are_kept_apart(install: Install) -> None:
    install("stranger", {GROUP: {"my/strict": "foreign:Strict"}}, foreign=SOURCE)
    assert "my/strict" not in Registry[object]("sectow.worlds").names()


def test_an_unknown_name_suggests_the_nearest(judges: Registry[Leveled], install: Install) -> None:
    install("stranger", {GROUP: {"my/strict": "foreign:Strict"}}, foreign=SOURCE)
    with pytest.raises(UnknownNameError, match="did you mean 'my/strict'"):
        judges.make("my/strickt")


@pytest.mark.parametrize("group", GROUPS)
def test_errors_call_a_part_by_its_kind(group: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        Registry[object](group).get("no/such-part-anywhere")
    assert caught.value.given == f"{GROUPS[group]} 'no/such-part-anywhere'"


def test_an_import_path_needs_leave(judges: Registry[Leveled], install: Install) -> None:
    install("stranger", {}, foreign=SOURCE)
    with pytest.raises(ConfigError, match="runs code"):
        judges.get("foreign:Strict")
    assert "foreign" not in sys.modules, "a refused path is not imported"
    assert judges.get("foreign:Strict", allow_import_path=True)(level=2).level == 2


def test_no_keyword_argument_opens_import_paths(
    judges: Registry[Leveled], install: Install
) -> None:
    install("stranger", {}, foreign=SOURCE)
    smuggled: dict[str, object] = {"allow_import_path": True}
    with pytest.raises(ConfigError, match="runs code"):
        judges.make("foreign:Strict", **smuggled)
    assert "foreign" not in sys.modules


@pytest.mark.parametrize("path", ["foreign:", ":Strict", "a b:c", "foreign:Strict()", "a:b:c"])
def test_an_invalid_import_path_is_not_tried(judges: Registry[Leveled], path: str) -> None:
    with pytest.raises(ConfigError, match="not a valid import path"):
        judges.get(path, allow_import_path=True)


def test_an_import_path_into_nothing_is_a_user_error(
    judges: Registry[Leveled], install: Install
) -> None:
    install("stranger", {}, foreign=SOURCE)
    with pytest.raises(ConfigError, match="cannot be imported"):
        judges.get("no_such_module:Strict", allow_import_path=True)
    with pytest.raises(UnknownNameError, match="did you mean 'Strict'"):
        judges.get("foreign:Strickt", allow_import_path=True)


def test_a_part_that_cannot_be_called_is_refused(
    judges: Registry[Leveled], install: Install
) -> None:
    install("stranger", {GROUP: {"my/three": "foreign:constant"}}, foreign=SOURCE)
    with pytest.raises(ConfigError, match="cannot be called"):
        judges.make("my/three")


def test_wrong_arguments_are_a_user_error_that_lists_the_right_ones(
    judges: Registry[Leveled], install: Install
) -> None:
    install("stranger", {GROUP: {"my/strict": "foreign:Strict"}}, foreign=SOURCE)
    with pytest.raises(ConfigError, match="it takes level"):
        judges.make("my/strict", levle=2)


def test_a_defect_inside_a_part_keeps_its_own_error(
    judges: Registry[Leveled], install: Install
) -> None:
    broken = "def build():\n    raise TypeError('inside')\n"
    install("stranger", {GROUP: {"my/broken": "foreign:build"}}, foreign=broken)
    with pytest.raises(TypeError, match="inside"):
        judges.make("my/broken")


def test_a_missing_extra_is_named(
    judges: Registry[Leveled], install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    install("stranger", {GROUP: {"my/heavy": "foreign:Guard"}}, foreign="import torch\n")
    with pytest.raises(MissingExtraError) as caught:
        judges.make("my/heavy")
    assert caught.value.extra == "train"
    assert caught.value.given == "judge 'my/heavy'"


def test_another_missing_module_names_its_distribution(
    judges: Registry[Leveled], install: Install
) -> None:
    install("stranger", {GROUP: {"my/gone": "foreign:Judge"}}, foreign="import no_such_module\n")
    with pytest.raises(ConfigError, match=r"no_such_module.*reinstall stranger"):
        judges.make("my/gone")


def test_two_strangers_with_one_name_are_an_error_on_use_only(
    judges: Registry[Leveled], install: Install
) -> None:
    install("first", {GROUP: {"my/strict": "mine:Strict"}}, mine=SOURCE)
    install("second", {GROUP: {"my/strict": "two:Strict"}}, two=SOURCE)
    assert "my/strict" in judges.names()
    with pytest.raises(ConfigError, match="first, second"):
        judges.make("my/strict")


def test_a_stranger_cannot_take_over_a_name_of_ours(install: Install) -> None:
    group = "sectow.test-group"
    install(OWNER, {group: {"our/part": "ours:Strict"}}, ours=SOURCE)
    install("stranger", {group: {"our/part": "foreign:Strict"}}, foreign=SOURCE)
    factory = Registry[Leveled](group).get("our/part")
    assert factory.__module__ == "ours"


def test_what_is_installed_later_into_the_same_folder_is_seen(
    install: Install, tmp_path: Path
) -> None:
    install("first", {"sectow.judges": {"first/judge": "first:judge"}})
    registry: Registry[Leveled] = Registry("sectow.judges")
    assert "first/judge" in registry.names()
    info = tmp_path / "first" / "later-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.4\nName: later\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[sectow.judges]\nlater/judge = later:judge\n")
    assert "later/judge" in registry.names()
    shutil.rmtree(info)
    assert "later/judge" not in registry.names()
