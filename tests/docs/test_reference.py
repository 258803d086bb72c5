"""The tables of the documentation say what the code says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sectow_agents.settings.training import GrpoSettings, SftSettings, TrainingSettings
from sectow_env.env.arena import Options
from sectow_env.game import Attack, Episode, Invalid, Scenario, Turn, Verdict
from tests.docs.pages import table

REQUIRED = "required"
A_TEXT = "a text"


def settings(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted key and default of every setting of a model."""
    for name, field in model.model_fields.items():
        inner = [one for one in (field.annotation, *get_args(field.annotation)) if _is_model(one)]
        default = REQUIRED if field.is_required() else field.get_default(call_default_factory=True)
        if not inner or default is None:
            yield prefix + name, _as_yaml(default)
        for one in inner:
            # The default algorithm comes last, so that its name is the default.
            models = (SftSettings, GrpoSettings) if one is TrainingSettings else (one,)
            for kind in models:
                yield from settings(kind, f"{prefix}{name}.")


def _as_yaml(default: Any) -> Any:
    if isinstance(default, Path):
        return str(default)
    return list(default) if isinstance(default, tuple) else default


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def told(page: Path) -> Iterator[tuple[str, Any]]:
    """Dotted key and default of every row of the table of settings."""
    for key, default, *_ in table(page, "## Settings"):
        value = default if default in {REQUIRED, A_TEXT} else yaml.safe_load(default.strip("`"))
        for seat in ("attacker", "defender") if "SEAT" in key else ("",):
            yield key.strip("`").replace("SEAT", seat), value


def test_the_table_of_settings_is_complete_and_right(root: Path) -> None:
    from sectow_agents.settings.run_config import RunConfig

    wanted = dict(settings(RunConfig))
    assert dict(told(root / "docs" / "training.md")) == wanted


def test_a_wrong_default_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A\n\n## Settings\n\n| key | default |\n|---|---|\n| `SEAT.x` | `1.0e-6` |\n")
    assert dict(told(page)) == {"attacker.x": 1e-6, "defender.x": 1e-6}


def test_the_options_of_the_environment_are_told(root: Path) -> None:
    rows = table(root / "docs" / "game.md", "## Options")
    names = [name for row in rows for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(names) == sorted(Options.__annotations__)


def test_the_reasons_of_invalid_attacks_are_told(root: Path) -> None:
    rows = table(root / "docs" / "world.md", "## Invalid attacks")
    names = [name for row in rows for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(names) == sorted(one.value for one in Invalid)


def test_the_columns_of_a_pack_are_told(root: Path) -> None:
    rows = table(root / "docs" / "packs.md", "## Columns")
    assert sorted(row[0].strip("`") for row in rows) == sorted(Scenario.model_fields)


def records(page: Path, name: str) -> list[tuple[str, str, str]]:
    """Field, type and default of every row of a record's table."""
    return [
        (field.strip("`"), kind.strip("`"), default.strip("`"))
        for field, kind, default, *_ in table(page, f"### {name}")
    ]


@pytest.mark.parametrize("record", [Scenario, Attack, Turn, Verdict, Episode])
def test_the_fields_of_a_record_are_listed(root: Path, record: type[BaseModel]) -> None:
    wanted = [
        (name, record.__annotations__[name].removesuffix(" | None"), _as_python(field))
        for name, field in record.model_fields.items()
    ]
    assert records(root / "docs" / "extending.md", record.__name__) == wanted


def _as_python(field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True, validated_data={})
    return REQUIRED if field.is_required() else repr(default).replace("'", '"')


def test_every_figure_is_told(root: Path) -> None:
    from sectow_benchmarks.board import figures
    from sectow_benchmarks.suites import apothecary

    text = (root / "docs" / "measurement.md").read_text(encoding="utf-8")
    known = [
        *apothecary.FIGURES,
        *figures.SPLIT_FIGURES,
        *figures.ONCE_FIGURES,
        *figures.LEARNED_FIGURES,
    ]
    assert [one.key for one in known if f"`{one.key}`" not in text] == []


@pytest.mark.parametrize("field", ["over_refusal", "twins_drop", "general_share", "recall_drop"])
def test_the_gates_are_told(root: Path, field: str) -> None:
    from sectow_benchmarks.board.entry import Gates

    text = (root / "docs" / "measurement.md").read_text(encoding="utf-8")
    assert f"{getattr(Gates(), field):.2f}" in text


def test_every_scripted_policy_is_told(root: Path) -> None:
    from sectow_env.resolve.policies import POLICIES

    text = (root / "docs" / "game.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([^`\n]+)`", text))
    names = [name for name in POLICIES.names() if name.startswith(("apothecary/", "pack/"))]
    assert [name for name in names if not {name, name.split("/")[1]} & told] == []
