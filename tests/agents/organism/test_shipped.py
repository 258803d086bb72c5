"""The shipped weights are those that their birth certificates name, and small enough to ship."""

from __future__ import annotations

import json

import pytest

from sectow_agents.models.weights import weights_digest
from sectow_agents.organism.build import BIRTH_FILE, VERSION, Effort
from sectow_agents.organism.store import PARTS, SHIPPED, Part, checkpoint
from sectow_env.errors import SectowError
from sectow_env.worlds.apothecary import Apothecary

MAX_BYTES = 20_000_000


@pytest.mark.parametrize("part", PARTS)
def test_a_shipped_part_is_what_its_certificate_says(part: Part) -> None:
    folder = checkpoint(part)
    assert folder.is_relative_to(SHIPPED)
    birth = json.loads((folder / BIRTH_FILE).read_text(encoding="utf-8"))
    assert birth["sha256"] == weights_digest(folder)
    assert birth["version"] == VERSION
    assert birth["effort"].items() <= vars(Effort()).items()
    if part != "foundation":
        assert birth["world_fingerprint"] == Apothecary(0).fingerprint
        assert birth["foundation_sha256"] == weights_digest(checkpoint("foundation"))


def test_all_shipped_files_together_are_small_and_hold_no_pickle() -> None:
    files = [path for path in SHIPPED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MAX_BYTES
    assert {path.suffix for path in files} <= {".json", ".safetensors", ".jinja", ".md"}


def test_a_world_that_was_not_built_says_how_to_build_it() -> None:
    with pytest.raises(SectowError, match="sectow organism build --world 98765"):
        checkpoint("defender", 98765)
