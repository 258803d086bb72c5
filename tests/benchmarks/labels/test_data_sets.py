"""Loaders of labelled data sets, on replicas that the real `datasets` reads."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset, Image
from PIL import Image as PilImage

from sectow_benchmarks.labels import jailbreakbench, wildguard
from sectow_benchmarks.labels.files import write_labels
from sectow_benchmarks.labels.sources import find_labels
from sectow_env.errors import ConfigError, UnknownNameError
from tests.benchmarks.labels.replicas import comparison, guarded, labelled, labels, save


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv", "rows.jsonl"])
def test_the_comparison_of_judges_is_read_from_any_copy(tmp_path: Path, name: str) -> None:
    rows = comparison()
    known = jailbreakbench.load(save(rows, tmp_path / name))
    assert len(known.turns) == len(rows)
    assert known.annotators == ("human1", "human2", "human3")
    assert [labelled.harmful for labelled in known.turns] == [
        bool(row["human_majority"]) for row in rows
    ]
    first = known.turns[0].turn
    assert (first.scenario.behavior, first.scenario.harmful) == ("open door 0", True)
    assert (first.attack.query, first.response) == (rows[0]["prompt"], rows[0]["target_response"])
    # Two responses to each goal.
    assert len({labelled.cluster for labelled in known.turns}) == len(rows) // 2
    assert known.revision.startswith("rows-")
    assert jailbreakbench.load(tmp_path) == known


def test_gaps_are_missing_and_counted(tmp_path: Path) -> None:
    rows = comparison(4)
    rows[0]["target_response"] = None
    rows[1] |= dict.fromkeys(jailbreakbench.HUMANS)
    for name in ("rows.csv", "rows.parquet"):
        known = jailbreakbench.load(save(rows, tmp_path / name))
        assert (len(known.turns), known.left_out) == (3, 1)
        assert known.turns[0].labels == dict.fromkeys(jailbreakbench.HUMANS)
        assert known.turns[0].harmful is None


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl"])
def test_a_response_may_be_a_word_that_stands_for_none_elsewhere(tmp_path: Path, name: str) -> None:
    words = ["None", "NA", "null", "nan", "N/A"]
    rows = [
        labelled | {"target_response": word}
        for labelled, word in zip(comparison(5), words, strict=True)
    ]
    known = jailbreakbench.load(save(rows, tmp_path / name))
    assert [labelled.turn.response for labelled in known.turns] == words
    assert known.left_out == 0


@pytest.mark.parametrize(
    ("given", "expected"), [(True, "true"), (False, "false"), (None, None), (math.nan, None)]
)
def test_whether_a_prompt_is_adversarial(
    tmp_path: Path, given: object, expected: str | None
) -> None:
    rows = [guarded()[0] | {"adversarial": given}, guarded()[1]]
    (first, _) = wildguard.load(save(rows, tmp_path / "rows.parquet")).turns
    assert first.turn.scenario.meta.get("adversarial") == expected


def test_an_unknown_flag_is_none(tmp_path: Path) -> None:
    rows = [labelled | {"adversarial": "false"} for labelled in guarded(2)]
    with pytest.raises(ConfigError, match="true nor false"):
        wildguard.load(save(rows, tmp_path / "rows.parquet"))


def test_the_test_set_is_read_with_its_refusals(tmp_path: Path) -> None:
    rows = guarded()
    known = wildguard.load(save(rows, tmp_path / "rows.parquet"))
    assert (len(known.turns), known.left_out) == (len(rows) - 1, 1)
    assert [labelled.harmful for labelled in known.turns] == [*[True, False] * 4, None]
    assert [labelled.refused for labelled in known.turns] == [*[False, True] * 4, None]
    assert [labelled.turn.scenario.category for labelled in known.turns] == ["doors"] * 5 + [
        "keys"
    ] * 4
    assert known.turns[0].turn.scenario.meta == {"prompt": "unharmful", "adversarial": "true"}


def test_a_column_that_claims_to_be_pictures_is_not_opened(tmp_path: Path) -> None:
    """EPS, for one, would start Ghostscript."""
    drawn = io.BytesIO()
    PilImage.new("RGB", (3, 3)).save(drawn, format="EPS")
    cell = {"bytes": drawn.getvalue(), "path": None}
    rows = Dataset.from_list([row | {"shown": cell} for row in guarded()])
    file = tmp_path / "rows.parquet"
    rows.cast_column("shown", Image()).to_parquet(file)
    assert len(wildguard.load(file).turns) == len(guarded()) - 1


def test_a_clone_of_the_repository_is_read_by_its_configuration(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    save(comparison(3), tmp_path / "data" / "judge-comparison.csv")
    save([{"goal": "another file"}], tmp_path / "data" / "behaviors.csv")
    (tmp_path / "README.md").write_text(
        "---\nconfigs:\n- config_name: behaviors\n  data_files:\n  - split: harmful\n"
        "    path: data/behaviors.csv\n- config_name: judge_comparison\n  data_files:\n"
        "  - split: test\n    path: data/judge-comparison.csv\n---\n"
    )
    assert len(jailbreakbench.load(tmp_path).turns) == 3


@pytest.mark.parametrize("row", [{"human2": 2}, {"human2": "a secret"}, {"goal": ["a secret"]}])
def test_a_wrong_value_is_named_and_not_quoted(tmp_path: Path, row: dict[str, Any]) -> None:
    (column,) = row
    rows = [labelled | row for labelled in comparison(2)]
    with pytest.raises(ConfigError, match=f"row 1, column '{column}'") as caught:
        jailbreakbench.load(save(rows, tmp_path / "rows.parquet"))
    assert "secret" not in str(caught.value)


def test_an_unknown_label_is_no_label(tmp_path: Path) -> None:
    rows = [labelled | {"response_harm_label": "safe"} for labelled in guarded(2)]
    with pytest.raises(ConfigError, match="harmful, unharmful"):
        wildguard.load(save(rows, tmp_path / "rows.parquet"))


def test_what_is_no_copy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not one file"):
        jailbreakbench.load(tmp_path)
    with pytest.raises(ConfigError, match="not one file"):
        jailbreakbench.load(tmp_path / "gone.csv")
    save(guarded(2), tmp_path / "rows.parquet")
    with pytest.raises(ConfigError, match="goal, target_response"):
        jailbreakbench.load(tmp_path)
    (tmp_path / "rows.parquet").write_bytes(b"no parquet")
    with pytest.raises(ConfigError, match="cannot be read"):
        wildguard.load(tmp_path / "rows.parquet")


def test_the_hub_out_of_reach_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # The suite sets HF_HUB_OFFLINE, and this cache is empty.
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    with pytest.raises(ConfigError, match=wildguard.HOME.revision) as caught:
        wildguard.load()
    assert "accepted the data set's terms" in caught.value.fix


def test_sources_by_name(tmp_path: Path) -> None:
    save(comparison(3), tmp_path / "rows.csv")
    assert len(find_labels([f"jailbreakbench:{tmp_path / 'rows.csv'}"]).turns) == 3
    for name in ("ana", "ben"):
        write_labels(tmp_path / f"{name}.jsonl", labels(labelled(1, "default", **{name: True})))
    files = [str(tmp_path / f"{name}.jsonl") for name in ("ana", "ben")]
    assert find_labels(files).annotators == ("ana", "ben")
    with pytest.raises(UnknownNameError, match="did you mean 'wildguard'"):
        find_labels(["wildgard"])
    with pytest.raises(ConfigError, match="neither"):
        find_labels([files[0], f"jailbreakbench:{tmp_path / 'rows.csv'}"])


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "copy.jsonl").write_text("")
    with pytest.raises(ConfigError, match="it is empty"):
        find_labels([f"jailbreakbench:{tmp_path}"])
