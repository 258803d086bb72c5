"""Groups of suites: what their names stand for, that everybody's minis are the same, and cost."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sectow_benchmarks.api import evaluate, plan
from sectow_benchmarks.suites import group_table
from sectow_benchmarks.suites.group_table import (
    GROUP_NAMES,
    GROUPS,
    ForeignTask,
    Group,
    suites_of,
)
from sectow_benchmarks.suites.groups import Expansion, expand
from sectow_benchmarks.suites.registry import REGISTRY, find_suite
from sectow_benchmarks.suites.selection import Selection
from sectow_env.errors import ConfigError, UnknownNameError

CARDS = {
    "jars": ("safety", "over_refusal"),
    "shelves": ("safety",),
    "lamps": ("over_refusal",),
    "sums": ("capability",),
}
"""Suites of the field with their roles."""
SOURCE = """
from sectow_benchmarks.suites.about import About, Published
from sectow_benchmarks.suites.data_suite import DataSuite, Record
from sectow_benchmarks.suites.source import Source


class Made(DataSuite):
    about = About(
        name={name!r}, title={name!r}, asks="a question", roles={roles!r}, shown="text",
        source=Source("made/up", None, ("*",)), licence=None, gate=None, items=None, size=None,
        paper=None, published=Published("share", "people", None), mini=4,
    )

    def records(self):
        for number in range(12):
            role = self.about.roles[number % len(self.about.roles)]
            yield Record(id=str(number), role=role, query=f"is this jar {{number}}?")
"""


@pytest.fixture(autouse=True)
def field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A few suites are installed, their data are here, and the groups consist of them."""
    installed = tmp_path / "installed"
    info = installed / "field-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.4\nName: field\nVersion: 1.0\n")
    entries = "\n".join(f"{name} = made_{name}:Made" for name in CARDS)
    (info / "entry_points.txt").write_text(f"[sectow.suites]\n{entries}\n")
    for name, roles in CARDS.items():
        (installed / f"made_{name}.py").write_text(SOURCE.format(name=name, roles=roles))
    monkeypatch.syspath_prepend(installed)
    importlib.invalidate_caches()
    for name in CARDS:
        (tmp_path / "data" / name).mkdir(parents=True)
    monkeypatch.setenv("SECTOW_DATA", str(tmp_path / "data"))
    members = {
        "sectow_safety": Group("safety", ("jars", "shelves")),
        "sectow_over_refusal": Group("over_refusal", ("lamps", "jars")),
        "sectow_general": Group(
            "capability", ("sums",), (ForeignTask("cows_generate"), ForeignTask("mmlu", True))
        ),
    }
    for name, group in members.items():
        monkeypatch.setitem(group_table.GROUPS, name, group)
    yield tmp_path / "data"
    for module in [name for name in sys.modules if name.startswith("made_")]:
        del sys.modules[module]


REAL = dict(GROUPS)


@pytest.mark.parametrize(
    ("names", "suites"),
    [
        ("sectow_safety", "jars?role=safety shelves"),
        ("sectow_over_refusal", "lamps jars?role=over_refusal"),
        ("sectow_safety sectow_over_refusal", "jars shelves lamps"),
        ("sectow_safety_mini", "jars?role=safety&mini=true shelves?mini=true"),
        ("sectow_safety_mini sectow_safety", "jars?role=safety shelves"),
        ("sectow_over_refusal sectow_safety_mini",
         "lamps jars?role=over_refusal jars?role=safety&mini=true shelves?mini=true"),
        ("sectow_over_refusal_mini sectow_safety_mini",
         "lamps?mini=true jars?mini=true shelves?mini=true"),
        ("sectow_safety jars", "jars shelves"),
        ("jars?mini=true sectow_safety_mini", "jars?mini=true shelves?mini=true"),
        ("sectow_safety jars jars", "jars shelves"),
        ("sectow_safety_mini shelves", "jars?role=safety&mini=true shelves"),
        ("general sectow_safety_mini twins",
         "general jars?role=safety&mini=true shelves?mini=true twins"),
        ("pack?path=a.jsonl pack?path=b.jsonl", "pack?path=a.jsonl pack?path=b.jsonl"),
    ],
)  # fmt: skip
def test_a_name_stands_for_specs(names: str, suites: str) -> None:
    assert " ".join(expand(names.split()).suites) == suites


def test_specs_are_those_of_suites(field: Path) -> None:
    del field
    items = {
        spec: {item.scenario.id for item in find_suite(spec).items(Selection())}
        for spec in ("jars", "jars?role=safety", "jars?role=safety&mini=true", "jars?mini=true")
    }
    assert len(items["jars"]) == 12
    assert len(items["jars?role=safety"]) == 6
    assert len(items["jars?mini=true"]) == 4
    safe_mini = items["jars?role=safety&mini=true"]
    assert safe_mini == items["jars?mini=true"] & items["jars?role=safety"]
    assert len(safe_mini) == 2, "each role has its share of the mini"
    with pytest.raises(UnknownNameError, match="over_refusal"):
        find_suite("jars?role=capability")


def test_what_a_spec_sets_counts_for_the_groups_too(tmp_path: Path) -> None:
    own = tmp_path / "a copy & 100%"
    own.mkdir()
    spec = f"jars?path={str(own).replace('%', '%25').replace('&', '%26')}"
    (both, *_) = expand(["sectow_safety", spec]).suites
    assert find_suite(both).data.folder == own  # type: ignore[attr-defined]  # a suite of ours
    assert both.startswith("jars?path=")
    (jars, _) = expand(["sectow_safety", f"{spec}&role=safety&judge=1"]).suites
    assert find_suite(jars).role == "safety"  # type: ignore[attr-defined]  # as above
    with pytest.raises(ConfigError, match="two values of answer_tokens"):
        expand(["jars?answer_tokens=4", "jars?answer_tokens=5"])


def test_tasks_of_lm_eval_are_members() -> None:
    whole = expand(["sectow_general"])
    assert whole == Expansion(
        ("sums",), ("cows_generate", "mmlu"), (), ("sectow_general",),
        frozenset({"cows_generate", "mmlu"}),
    )  # fmt: skip
    mini = expand(["sectow_quick", "lm_eval/gsm8k", "lm_eval/ifeval?mini=true"], ["arc_easy"])
    assert mini.tasks == ("arc_easy", "gsm8k")
    assert mini.mini_tasks == ("cows_generate", "mmlu", "ifeval")
    assert mini.groups == ("sectow_quick",)
    assert expand(["sectow_quick"], ["mmlu"]).mini_tasks == ("cows_generate",)
    with pytest.raises(ConfigError, match="mini=true"):
        expand(["lm_eval/gsm8k?limit=4"])


def test_every_suite_that_is_not_here_is_named_at_once(field: Path) -> None:
    (field / "shelves").rmdir()
    (field / "lamps").rmdir()
    with pytest.raises(ConfigError, match="sectow suites get shelves lamps,"):
        expand(["sectow_quick", "jars"])
    assert expand(["shelves?path=elsewhere"]).suites == ("shelves?path=elsewhere",)
    for ask in (evaluate, plan):
        with pytest.raises(ConfigError, match="sectow suites get lamps"):
            ask("no/such-model", suites=["sectow_over_refusal"])


def test_a_name_that_is_none_of_these_is_not_known() -> None:
    with pytest.raises(UnknownNameError, match="sectow_quick"):
        expand(["sectow_quik"])


def test_real_groups_ask_a_role_that_their_suites_have(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, group in REAL.items():
        monkeypatch.setitem(group_table.GROUPS, name, group)
    for group in REAL.values():
        for suite in set(group.suites) & set(REGISTRY.names()):
            assert group.role in REGISTRY.get(suite).about.roles  # type: ignore[attr-defined]  # as above
    assert set(GROUP_NAMES) == {*REAL, *(f"{name}_mini" for name in REAL), "sectow_quick"}


def test_a_group_is_fetched_by_its_name() -> None:
    general = GROUPS["sectow_general"].suites
    assert suites_of(["siuo", "sectow_general_mini", "siuo"]) == ("siuo", *general)
    assert set(suites_of(["sectow_quick"])) == {
        suite for group in GROUPS.values() for suite in group.suites
    }
