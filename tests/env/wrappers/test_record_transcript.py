"""What is written of an episode, and what is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from pydantic import BaseModel

from sectow_env import ENV_ID, Attack, Episode, Picture, SectowError
from sectow_env.game import Exchange, Price, Scenario, Turn, Verdict
from sectow_env.wrappers import RecordTranscript, Transcript
from sectow_env.wrappers.record_transcript import HIDDEN
from tests.env.wrappers.test_others import make, played


def test_every_episode_is_written_without_what_may_harm(tmp_path: Path) -> None:
    file = tmp_path / "new" / "episodes.jsonl"
    env = RecordTranscript(make(max_turns=2, defender="apothecary/answer_all"), file)
    steps = played(env, range(3))
    env.close()
    played(env, [7])
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert len(lines) == 3, "a closed recorder writes nothing"
    for line, step in zip(lines, steps, strict=True):
        episode = step[4]["sectow_episode"]
        assert line["turns"][0]["response"] == line["scenario"]["behavior"] == "[redacted]"
        assert line["verdicts"][0]["harmful"] is episode.verdicts[0].harmful
        text = json.dumps(line)
        texts = (
            episode.turns[0].response,
            episode.turns[0].attack.query,
            episode.scenario.behavior,
        )
        assert not [secret for secret in texts if secret in text]
        assert episode.scenario.meta["recipe"] not in text


def test_for_your_own_eyes_it_holds_everything(tmp_path: Path) -> None:
    file = tmp_path / "episodes.jsonl"
    env = RecordTranscript(make(), file, redact=False)
    (step,) = played(env, [0])
    assert Episode.model_validate_json(file.read_text("utf-8")) == step[4]["sectow_episode"]


def test_pictures_are_told_by_their_digest_and_empty_texts_as_empty(tmp_path: Path) -> None:
    env = RecordTranscript(make(channels=["typography"]), tmp_path / "a.jsonl")
    picture = Picture(np.zeros((2, 2, 3), np.uint8))
    played(env, [0], lambda _: Attack(query="", image=picture))
    (line,) = map(json.loads, env.transcript.path.read_text("utf-8").splitlines())
    attack = line["turns"][0]["attack"]
    assert (attack["image"], attack["query"]) == (f"sha256:{picture.sha256}", "")
    assert line["verdicts"][0]["refusal"] in {"none", "full"}


PLAIN = {
    *("id", "category", "split", "channel", "cluster", "frame", "judge", "version", "prompt_hash"),
}
"""Fields of text that tell nothing harmful."""


@pytest.mark.parametrize("model", [Scenario, Exchange, Attack, Turn, Verdict, Price, Episode])
def test_every_field_of_text_is_hidden_or_known_to_be_harmless(model: type[BaseModel]) -> None:
    for name, field in model.model_fields.items():
        if "str" in str(field.annotation) and "Mapping[str, float]" not in str(field.annotation):
            assert (name in HIDDEN) != (name in PLAIN), name


def test_a_transcript_listens_to_a_vector_too(tmp_path: Path) -> None:
    env: Any = gym.make_vec(ENV_ID, num_envs=3)
    env.arena.listeners.append(Transcript(tmp_path / "many.jsonl", redact=False))
    env.reset(seed=0)
    infos = env.step([Attack(query="hello")] * 3)[4]
    lines = (tmp_path / "many.jsonl").read_text("utf-8").splitlines()
    episodes = [Episode.model_validate_json(line) for line in lines]
    assert episodes == list(infos["final_info"]["sectow_episode"])


def test_a_file_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    for place in (tmp_path, Path("/proc/nowhere/x.jsonl")):
        with pytest.raises(SectowError, match="cannot be written"):
            Transcript(place)
