"""The shipped weights are those of their build records, and small enough to ship."""

from __future__ import annotations

import json

import pytest

from sectow_agents.models.weights import weights_digest
from sectow_agents.organism.build import BUILD_RECORD, VERSION, Effort
from sectow_agents.organism.store import PARTS, SHIPPED, Part, checkpoint
from sectow_env.errors import SectowError
from sectow_env.worlds.apothecary import Apothecary

MAX_BYTES = 20_000_000


@pytest.mark.parametrize("part", PARTS)
def test_a_shipped_part_is_that_of_its_build_record(part: Part) -> None:
    folder = checkpoint(part)
    assert folder.is_relative_to(SHIPPED)
    record = json.loads((folder / BUILD_RECORD).read_text(encoding="utf-8"))
    assert record["sha256"] == weights_digest(folder)
    assert record["version"] == VERSION
    assert record["effort"].items() <= vars(Effort()).items()
    if part != "foundation":
        assert record["world_fingerprint"] == Apothecary(0).fingerprint
        assert record["foundation_sha256"] == weights_digest(checkpoint("foundation"))


def test_all_shipped_files_together_are_small_and_not_pickles() -> None:
    files = [path for path in SHIPPED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MAX_BYTES
    assert {path.suffix for path in files} <= {".json", ".safetensors", ".jinja", ".md"}


def test_the_error_for_an_unbuilt_world_names_the_command() -> None:
    with pytest.raises(SectowError, match="sectow organism build --world 98765"):
        checkpoint("defender", 98765)
