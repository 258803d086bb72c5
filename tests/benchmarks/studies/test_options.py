"""What a study publishes is valid JSON, whatever was not measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sectow_benchmarks.studies.options import publish


def test_what_is_not_known_is_null(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bounds = (0.1, float("inf"))
    tree = {"rows": [{"asr": float("nan"), "n": 0}], "kept": 0.5, "bounds": bounds}
    publish("# Page\n", tree, tmp_path, as_json=True, name="jars")
    known = {"rows": [{"asr": None, "n": 0}], "kept": 0.5, "bounds": [0.1, None]}
    assert json.loads(capsys.readouterr().out) == known
    assert (tmp_path / "jars.json").read_text() == json.dumps(known, indent=2) + "\n"
    assert (tmp_path / "jars.md").read_text() == "# Page\n"
