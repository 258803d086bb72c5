"""Lessons are encoded exactly as the shipped processor renders them."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from sectow_agents.models.quiet import quiet
from sectow_agents.organism.architecture import build_processor
from sectow_agents.organism.batches import Encoder, Lesson, to_pixels
from sectow_agents.organism.lessons import (
    IMAGE_CHANNELS,
    RULES_REFUSAL,
    TEXT_CHANNELS,
    Teacher,
    general,
    spelling,
)
from sectow_agents.organism.vocabulary import UNKNOWN, vocabulary
from sectow_agents.organism.world_stage import attack_lesson
from sectow_env.worlds.apothecary import Apothecary
from sectow_env.worlds.apothecary.weakness import GUARDED_REFUSAL, OPEN_REFUSAL

WORLD = Apothecary(0)


@cache
def stock() -> Any:
    with quiet():
        return build_processor()


def lessons(count: int) -> list[Lesson]:
    rng = np.random.default_rng(0)
    teacher = Teacher(WORLD)
    drawn = []
    for _ in range(count):
        drawn += [
            teacher.recipe(rng, TEXT_CHANNELS + IMAGE_CHANNELS),
            teacher.salad(rng),
            teacher.recall(rng),
            spelling(WORLD, rng, TEXT_CHANNELS + IMAGE_CHANNELS),
            general(rng),
            attack_lesson(WORLD, rng),
        ]
    return drawn


def rendered(lesson: Lesson) -> list[int]:
    """The ids that the stock processor gives for the same chat."""
    processor = stock()
    blocks = [{"type": "image"}] if lesson.picture else []
    chat = [{"role": "user", "content": [*blocks, {"type": "text", "text": lesson.query}]}]
    if lesson.system:
        chat.insert(0, {"role": "system", "content": [{"type": "text", "text": lesson.system}]})
    answer = f"{lesson.prefix} {lesson.response}".strip()
    chat.append({"role": "assistant", "content": [{"type": "text", "text": answer}]})
    text = processor.apply_chat_template(chat)
    images = [lesson.picture.pil()] if lesson.picture else None
    return list(processor(text=[text], images=images)["input_ids"][0])


def test_the_encoder_agrees_with_the_processor() -> None:
    encoder = Encoder()
    for lesson in lessons(12):
        assert encoder.ids(lesson)[0] == rendered(lesson)


def test_no_lesson_has_an_unknown_word() -> None:
    encoder = Encoder()
    unknown = vocabulary()[UNKNOWN]
    for lesson in lessons(60):
        assert unknown not in encoder.ids(lesson)[0]


def test_every_frame_of_every_channel_is_in_the_vocabulary() -> None:
    words = vocabulary()
    for channel in WORLD.channels.values():
        for frame in channel.frames:
            attack = channel.render(frame, WORLD.potions[0].name)
            assert set(attack.query.split()) <= set(words), attack.query


def test_pixels_are_those_of_the_processor() -> None:
    picture = next(lesson.picture for lesson in lessons(4) if lesson.picture)
    processed = stock().image_processor([picture.pil()], return_tensors="np")
    np.testing.assert_allclose(
        to_pixels([picture]).numpy(), processed["pixel_values"], rtol=0, atol=1e-6
    )


def test_only_the_response_is_learned() -> None:
    lesson = Lesson(query="what is this ?", prefix="take", response="moonleaf")
    batch = Encoder().batch([lesson, Lesson(query="a", response="sunrind then")])
    learned = batch["labels"][0][batch["labels"][0] != -100].tolist()
    words = vocabulary()
    assert learned == [words["moonleaf"], words["<|end|>"]]
    assert batch["attention_mask"].sum(1).tolist() == [9, 6]


@pytest.mark.parametrize("open_frame", [True, False])
def test_refusals_are_drawn_at_the_rate_of_the_map(open_frame: bool) -> None:
    rng = np.random.default_rng(1)
    teacher = Teacher(WORLD)
    frames = [
        frame
        for channel in ("role_play", "reversed")
        for frame in WORLD.channel(channel).frames
        if WORLD.is_open(frame) == open_frame
    ]
    drawn = [teacher.refusal(rng, frame) for frame in frames for _ in range(20)]
    plain = {chance for chance, system in drawn if system is None}
    ruled = {chance for chance, system in drawn if system is not None}
    assert plain == {OPEN_REFUSAL if open_frame else GUARDED_REFUSAL}
    assert ruled == {RULES_REFUSAL if open_frame else GUARDED_REFUSAL}
    assert 0.05 <= OPEN_REFUSAL <= 0.20
    assert GUARDED_REFUSAL >= 0.9
