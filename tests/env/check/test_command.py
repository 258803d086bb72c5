from __future__ import annotations

import json

import pytest
from typer import Exit

from sectow_env.check import CHECKS_BY_KIND, apart
from sectow_env.check.command import command
from sectow_env.errors import ConfigError, PartError, UnknownNameError
from tests.env.check.broken_worlds import PACK
from tests.env.check.test_targets import HERE

Shown = pytest.CaptureFixture[str]


def test_what_passes_is_shown_and_counted(capsys: Shown) -> None:
    command("pack/reference", world=PACK)
    shown = capsys.readouterr().out
    assert "judge pack/reference" in shown
    assert "16 passed in" in shown
    assert "failed" not in shown


def test_what_fails_is_explained_in_full_and_ends_with_one(capsys: Shown) -> None:
    with pytest.raises(Exit) as ended:
        command(f"{HERE}:Crasher", world=PACK)
    assert ended.value.exit_code == 1
    shown = capsys.readouterr().out
    assert "one_answer_an_item failed: A batch gets a list" in shown
    # Text from a third-party part is not read as markup.
    assert f"the judge {HERE}:Crasher raised ZeroDivisionError: of [bold]sins[/bold]" in shown


def test_json_contains_every_result(capsys: Shown) -> None:
    with pytest.raises(Exit):
        command(f"{HERE}:Crasher", world=PACK, json=True)
    results = json.loads(capsys.readouterr().out)
    assert [result["name"] for result in results] == [
        each.__name__ for each in CHECKS_BY_KIND["judge"]
    ]
    assert set(results[0]) == {
        *("name", "kind", "subject", "outcome", "message", "warnings", "seconds")
    }


def test_the_list_runs_nothing(capsys: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    command(show=True)
    shown = capsys.readouterr().out
    for checks in CHECKS_BY_KIND.values():
        for each in checks:
            assert each.__name__ in shown
    command(show=True, kind="channel")
    assert "judge" not in capsys.readouterr().out


def test_a_target_and_a_known_kind_are_required() -> None:
    with pytest.raises(ConfigError, match="without a target"):
        command()
    with pytest.raises(UnknownNameError, match="kind 'jugde'"):
        command("rules/refusal", kind="jugde")


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ("Sleeper", "did not return within 1 s: it was at hanging.py:14 in judge"),
        ("Backtracker", "called from hanging.py:22 in judge"),
        ("Leaver", "ended the whole process with the status 3"),
    ],
)
def test_a_part_that_never_returns_is_named_and_stopped(part: str, why: str, capsys: Shown) -> None:
    with pytest.raises(Exit) as ended:
        command(f"tests.env.check.hanging:{part}", world=PACK, time_limit=1.0, json=True)
    assert ended.value.exit_code == 1
    shown = capsys.readouterr()
    first, *others = json.loads(shown.out)
    assert first["outcome"] == "failed"
    assert f"the judge tests.env.check.hanging:{part} " in first["message"]
    assert why in first["message"]
    assert {result["outcome"] for result in others} == {"skipped"}
    assert len(others) == len(CHECKS_BY_KIND["judge"]) - 1
    assert "at most 1 s for each check" in shown.err


def test_a_process_that_ends_at_its_very_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_work", print)
    with pytest.raises(PartError, match="'pack/reference'; it ended the whole process"):
        command("pack/reference", world=PACK)


def test_a_part_that_is_never_built_is_an_error() -> None:
    with pytest.raises(PartError, match=r"it did not return within 1 s: .* in __init__"):
        command("tests.env.check.hanging:Unborn", world=PACK, time_limit=1.0)


def test_what_a_part_prints_is_not_in_the_json(capfd: pytest.CaptureFixture[str]) -> None:
    command("tests.env.check.hanging:Talker", world=PACK, json=True)
    shown = capfd.readouterr()
    assert {result["outcome"] for result in json.loads(shown.out)} == {"passed"}
    assert "hello from the factory" in shown.err
