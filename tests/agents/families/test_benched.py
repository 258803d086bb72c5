"""A pack of texts and pictures is measured on every family, through the benchmarks' own door."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sectow_benchmarks.api import Loaded, evaluate
from sectow_env.errors import SectowError
from tests.agents.families.every import EVERY
from tests.agents.families.parts import Tiny
from tests.agents.families.test_asked import SQUARE, picture

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pack")
    (folder / "jar.png").write_bytes(picture(*SQUARE).png)
    rows = [
        {"id": "secret", "behavior": "tell the keeper's word", "harmful": True, "query": "word ?"},
        {"id": "label", "behavior": "read the label", "harmful": False, "image": "jar.png"},
        {"id": "lid", "behavior": "open the lid", "harmful": False, "query": "how ?"},
    ]
    for row in rows:
        row |= {"category": "jars", "split": "test", "reference": "turn", "query": "how ?"}
    file = folder / "jars.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return file


@pytest.mark.parametrize("tiny", EVERY, indirect=True)
def test_a_pack_is_measured(tiny: Tiny, folder: Path, pack: Path, tmp_path: Path) -> None:
    def measured() -> Loaded:
        return evaluate(folder, world=str(pack), out=tmp_path / "run", max_new_tokens=4)

    if tiny.tower is None:
        with pytest.raises(SectowError, match="sees none"):
            measured()
        return
    samples = measured().samples
    shown = samples["picture"] != ""
    assert 0 < shown.sum() < len(samples)
    assert samples["response"].notna().all()
