"""One definition of a model's digest, which anyone can check with sha256sum."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from sectow_agents.models.weights import weights_digest


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    for name, content in (("b.safetensors", b"two"), ("a.safetensors", b"one"), ("c.json", b"{}")):
        (tmp_path / name).write_bytes(content)
    return tmp_path


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_one_file_has_the_digest_of_its_bytes(shards: Path) -> None:
    (shards / "b.safetensors").unlink()
    assert weights_digest(shards) == weights_digest(str(shards)) == sha256(b"one")


def test_several_files_have_the_digest_of_their_list(shards: Path) -> None:
    lines = f"{sha256(b'one')}  a.safetensors\n{sha256(b'two')}  b.safetensors\n"
    assert weights_digest(shards) == sha256(lines.encode())


def test_a_shard_under_another_name_is_another_model(shards: Path) -> None:
    before = weights_digest(shards)
    (shards / "b.safetensors").rename(shards / "z.safetensors")
    assert weights_digest(shards) != before


def test_what_has_no_weights_here_has_no_digest(tmp_path: Path) -> None:
    assert weights_digest(tmp_path) is None
    assert weights_digest("owner/name-on-the-hub") is None
