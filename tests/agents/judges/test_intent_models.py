"""Judges of intent on this machine: a model that is asked, and embeddings that are compared."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from sectow_agents.judges.embedding import EmbeddingIntent, embedding
from sectow_agents.judges.intent import model
from sectow_agents.models.quiet import quiet
from sectow_env.errors import ConfigError
from sectow_env.game import Attack, Scenario, Turn
from sectow_env.game.picture import Picture
from sectow_env.judges.cached import asks_a_model
from sectow_env.judges.intent import names_intent
from tests.agents.judges.tiny_guards import TEMPLATE
from tests.agents.tiny import tokenizer

SCENARIO = Scenario(id="s", behavior="open the cellar door", harmful=True)
PICTURE = Picture(np.zeros((4, 4, 3), np.uint8))


def turn(query: str, **fields: object) -> Turn:
    attack = Attack.model_validate({"query": query, **fields})
    return Turn(scenario=SCENARIO, attack=attack, response="")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT: equal texts are equal, and nothing else is known of it."""
    folder = tmp_path_factory.mktemp("encoder")
    words = tokenizer()
    words.model_max_length = 256
    with quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        size = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1}
        config = BertConfig(
            vocab_size=len(words), num_attention_heads=2, max_position_embeddings=300, **size
        )
        BertModel(config).save_pretrained(folder)
        words.save_pretrained(folder)
    return folder


def judge_of(folder: Path, threshold: float) -> EmbeddingIntent:
    return embedding(str(folder), threshold=threshold, batch_size="2", device="cpu", world=None)


def test_the_same_words_are_close_wherever_they_are(encoder: Path) -> None:
    judge = judge_of(encoder, 0.999)
    drawn = turn("", drawn=SCENARIO.behavior, image=PICTURE)
    turns = [turn(SCENARIO.behavior), drawn, turn("jars")]
    verdicts = judge.judge(turns)
    assert [verdict.on_behavior for verdict in verdicts] == [True, True, False]
    assert str(verdicts[0].explanation).startswith("cosine 1.000, threshold 0.999")
    assert judge.judge([]) == []
    assert names_intent(judge)
    assert asks_a_model(judge)


def test_padding_and_batches_change_nothing(encoder: Path) -> None:
    vectors = judge_of(encoder, 0.5).model.vectors(["jars", "a long text beside it", "a third one"])
    alone = judge_of(encoder, 0.5).model.vectors(["jars"])
    assert torch.allclose(vectors[0], alone[0], atol=1e-6)
    assert torch.allclose(vectors.norm(dim=-1), torch.ones(3))


def test_what_was_not_read_may_ask_for_it(encoder: Path) -> None:
    judge = judge_of(encoder, 0.999)
    for unseen in (turn("q", image=PICTURE), turn("x" * 400)):
        assert judge.judge([unseen])[0].on_behavior is None
    assert judge_of(encoder, 0.0).judge([turn("x" * 400)])[0].on_behavior is True


def test_threshold_and_weights_are_in_its_name(encoder: Path) -> None:
    first, other = judge_of(encoder, 0.5), judge_of(encoder, 0.6)
    assert first.version != other.version
    assert first.id.startswith(f"intent/embedding({encoder.name}@")


@pytest.mark.parametrize(
    ("setting", "value"), [("threshold", 2.0), ("device", "cuda:x"), ("max_new_tokens", 3)]
)
def test_an_embedding_setting_that_cannot_work_is_named(
    encoder: Path, setting: str, value: object
) -> None:
    with pytest.raises(ConfigError, match=setting):
        embedding(str(encoder), **{setting: value})  # type: ignore[arg-type]


def test_half_an_encoder_is_refused(encoder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    broken = shutil.copytree(encoder, tmp_path / "broken")
    tensors = load_file(broken / "model.safetensors")
    del tensors["embeddings.word_embeddings.weight"]
    save_file(tensors, broken / "model.safetensors", {"format": "pt"})
    with pytest.raises(ConfigError, match="would be random"):
        embedding(str(broken))
    (broken / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match="cannot be loaded"):
        embedding(str(broken))


def test_a_model_that_always_says_yes_says_so(bare_classifier: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no chat template"):
        model(str(bare_classifier))
    instructed = shutil.copytree(bare_classifier, tmp_path / "instructed")
    (instructed / "chat_template.jinja").write_text(TEMPLATE)
    judge = model(str(instructed), max_new_tokens="1", world=None)
    verdict = judge.judge([turn("open the jar")])[0]
    assert (verdict.on_behavior, verdict.raw, verdict.harmful) == (True, "yes", None)
    longer = model(str(instructed), max_new_tokens="2")
    assert longer.judge([turn("open the jar")])[0].on_behavior is None


def test_garbage_and_a_picture_that_it_cannot_see(random_guard: Path) -> None:
    assert model(str(random_guard)).judge([turn("q")])[0].on_behavior is None
    with pytest.raises(ConfigError, match="sees none"):
        model(str(random_guard), picture=True)
