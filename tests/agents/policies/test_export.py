"""An adapter merged into its base: plain transformers loads it and computes the same."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForImageTextToText, AutoProcessor

from sectow_agents.models.load import load_model
from sectow_agents.models.weights import weights_digest
from sectow_agents.policies.asking import Asking, read_asking, write_asking
from sectow_agents.policies.export import command, export
from sectow_env.errors import ConfigError, RunFolderError, SectowError
from tests.agents.models.test_shared import adapter

IDS = torch.tensor([[7, 8, 9, 10]])


@pytest.mark.parametrize("family", ["llava_next_folder", "idefics3_folder"])
def test_plain_transformers_computes_the_same(
    family: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    folder = Path(request.getfixturevalue(family))
    checkpoint, out = adapter(folder, tmp_path / "checkpoint", 4), tmp_path / "out"
    write_asking(checkpoint, Asking(system="You keep jars.", max_new_tokens=7))
    before = weights_digest(folder)
    export(checkpoint, out)
    whole = AutoModelForImageTextToText.from_pretrained(out)
    assert not (out / "adapter_config.json").exists()
    assert whole.dtype == torch.float32
    beside, _ = load_model(checkpoint)
    with torch.no_grad():
        expected = beside.eval()(input_ids=IDS).logits
        torch.testing.assert_close(whole.eval()(input_ids=IDS).logits, expected)
    assert AutoProcessor.from_pretrained(out).chat_template
    assert read_asking(out) == Asking(system="You keep jars.", max_new_tokens=7)
    assert weights_digest(folder) == before


def test_only_an_adapter_is_merged_and_only_into_an_empty_folder(
    llava_next_folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"no adapter_config\.json"):
        command(llava_next_folder, tmp_path / "out")
    checkpoint = adapter(llava_next_folder, tmp_path / "checkpoint", 4)
    with pytest.raises(RunFolderError, match="not empty"):
        command(checkpoint, checkpoint)


def test_what_could_not_be_finished_does_not_look_finished(
    llava_next_folder: Path, tmp_path: Path
) -> None:
    checkpoint = adapter(llava_next_folder, tmp_path / "checkpoint", 4)
    (checkpoint / "asking.json").write_text("{")
    with pytest.raises(SectowError):
        export(checkpoint, tmp_path / "out")
    assert not (tmp_path / "out").exists()
