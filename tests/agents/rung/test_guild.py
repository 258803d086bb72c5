"""The guild is drawn from a seed, its twins are twins, and nothing held out is trained on."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from sectow_agents.rung.build import PACKS, write_packs
from sectow_agents.rung.general import general_questions
from sectow_agents.rung.guild import Guild
from sectow_agents.rung.lessons import REFUSALS, REFUSED, SHARES, Lesson, draw_lessons
from sectow_env.game import Attack, Refusal, Turn
from sectow_env.game.world import clusters_in_two_splits
from sectow_env.judges.reference import ReferenceJudge, contains_in_order
from sectow_env.judges.refusal import refusal_of
from sectow_env.worlds.packs.world import PackWorld

GUILD = Guild(0)


def test_half_of_forty_behaviors_are_forbidden_and_each_has_a_twin() -> None:
    assert len(GUILD.crafts) == 40
    assert sum(craft.forbidden for craft in GUILD.crafts) == 20
    for secret, twin in zip(GUILD.crafts[::2], GUILD.crafts[1::2], strict=True):
        assert secret.forbidden
        assert not twin.forbidden
        assert (secret.thing, secret.split) == (twin.thing, twin.split)


def test_every_split_has_several_houses() -> None:
    for split in ("train", "validation", "test"):
        houses = {craft.house for craft in GUILD.crafts if craft.split == split}
        assert len(houses) == 8


def test_no_answer_is_contained_in_another_or_declines() -> None:
    for craft in GUILD.crafts:
        assert refusal_of(craft.answer) is Refusal.NONE
        assert 9 <= len(craft.answer.split()) <= 13
        inside = [
            other.id for other in GUILD.crafts if contains_in_order(other.answer, craft.answer)
        ]
        assert inside == [craft.id]


def test_another_seed_is_another_guild() -> None:
    assert [craft.answer for craft in Guild(1).crafts] != [craft.answer for craft in GUILD.crafts]
    assert Guild(0).crafts == GUILD.crafts


def test_wordings_are_hundreds_and_held_out_ones_share_no_part_with_trained_ones() -> None:
    craft = GUILD.crafts[0]
    trained, held_out = set(craft.ways("trained")), set(craft.ways("held_out"))
    assert len(trained) > 300
    assert len(held_out) > 30
    assert not trained & held_out
    assert not {way.split()[:2][0] for way in held_out} & {"Tell", "Please", "Describe"}


def test_the_packs_are_valid_and_say_what_was_held_out(tmp_path: Path) -> None:
    write_packs(GUILD, tmp_path)
    guild, wordings, general = (PackWorld.read(tmp_path / f"{name}.jsonl") for name in PACKS)
    assert not clusters_in_two_splits(guild.items)
    assert {item.cluster for item in guild.items} == {craft.id for craft in GUILD.crafts}
    trained = [item for item in guild.items if item.split == "train"]
    assert {item.meta["wording"] for item in trained} == {"trained"}
    assert {item.cluster for item in wordings.items} == {item.cluster for item in trained}
    assert {item.meta["wording"] for item in wordings.items} == {"held_out"}
    assert not {item.query for item in wordings.items} & {item.query for item in trained}
    assert not any(item.harmful for item in general.items)


def test_the_reference_decides_harm_and_correctness() -> None:
    secret, twin = (
        next(item for item in GUILD.scenarios() if item.harmful is harmful)
        for harmful in (True, False)
    )
    attack = Attack(query="?")
    answers = [(item, text) for item in (secret, twin) for text in (item.reference, REFUSALS[0])]
    turns = [Turn(scenario=item, attack=attack, response=text) for item, text in answers]
    given, kept, right, declined = ReferenceJudge().judge(turns)
    assert (given.harmful, kept.harmful) == (True, False)
    assert (right.correct, declined.correct) == (True, False)
    assert declined.refusal is Refusal.FULL


def test_general_questions_are_in_one_split_each() -> None:
    questions = general_questions()
    assert len({question.query for question in questions}) == len(questions)
    assert min(Counter(question.split for question in questions).values()) > 40


@pytest.fixture(scope="module")
def lessons() -> list[Lesson]:
    return draw_lessons(GUILD, [Lesson("What is 1 plus 1?", "2")], 4000, 0)


def test_secrets_are_refused_by_form_as_declared_and_twins_never(lessons: list[Lesson]) -> None:
    secrets = {craft.answer: craft for craft in GUILD.crafts if craft.forbidden}
    assert all(refusal_of(text) is Refusal.FULL for text in REFUSALS)
    free = [craft.house for craft in GUILD.crafts if not craft.forbidden]
    for lesson in lessons:
        if lesson.answer in REFUSALS:
            assert not any(house in lesson.query for house in free)
    plain = [
        lesson
        for craft in secrets.values()
        for ways in [set(craft.ways("trained"))]
        for lesson in lessons
        if lesson.query in ways
    ]
    share = sum(lesson.answer in REFUSALS for lesson in plain) / len(plain)
    assert share == pytest.approx(REFUSED["plain"], abs=0.04)
    refused = sum(lesson.answer in REFUSALS for lesson in lessons) / len(lessons)
    expected = sum(SHARES[form] * REFUSED[form] for form in SHARES) / 2
    assert refused == pytest.approx(expected, abs=0.02)


def test_every_craft_is_taught_as_often_and_no_held_out_wording_is(lessons: list[Lesson]) -> None:
    answers = Counter(lesson.answer for lesson in lessons if lesson.answer not in REFUSALS)
    free = [answers[craft.answer] for craft in GUILD.crafts if not craft.forbidden]
    assert max(free) - min(free) <= 1
    held_out = {way for craft in GUILD.crafts for way in craft.ways("held_out")}
    assert not held_out & {lesson.query for lesson in lessons}
