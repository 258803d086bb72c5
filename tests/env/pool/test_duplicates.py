from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sectow_env.game import Attack, Scenario
from sectow_env.images.typography import draw_words
from sectow_env.pool.duplicates import (
    cluster_of,
    digest_of,
    is_slot_attack,
    overlap,
    slot_of,
    tokens_of,
)

SETS = st.frozensets(st.integers(0, 9).map(str))
PICTURE, OTHER = draw_words(("x",)), draw_words(("y",))


@given(SETS, SETS)
def test_overlap_is_a_symmetric_share(first: frozenset[str], other: frozenset[str]) -> None:
    assert 0.0 <= overlap(first, other) == overlap(other, first) <= 1.0
    assert (overlap(first, other) == 1.0) == (first == other)


def test_identity_is_what_a_defender_sees() -> None:
    plain = Attack(query="q")
    same = Attack(query="q", channel="c", frame="f", source="s", drawn="x")
    assert digest_of(plain) == digest_of(same)
    others = [Attack(query="Q"), Attack(query="q", image=PICTURE), Attack(query="q", image=OTHER)]
    assert len({digest_of(attack) for attack in (plain, *others)}) == 4


def test_tokens_are_normalised_and_tell_picture_from_query() -> None:
    assert tokens_of(Attack(query="What, IS \uff49\uff54 ?")) == {"what", "is", "it"}
    drawn = tokens_of(Attack(query="read", image=PICTURE, drawn="Blue oil"))
    assert drawn == {"read", "image:blue", "image:oil"}
    assert tokens_of(Attack(query="read", image=PICTURE), "hash") == {"read", "image:hash"}


@pytest.mark.parametrize(
    ("channel", "frame", "slotted"),
    [
        ("c", "f", True),
        ("c", None, False),
        (None, "f", False),
        (None, None, False),
        ("text/split", "cards", False),
        ("image/retrieval?folder=X", "plain", False),
    ],
)
def test_a_slot_attack_has_channel_and_frame(
    channel: str | None, frame: str | None, slotted: bool
) -> None:
    attack = Attack(query="q", channel=channel, frame=frame)
    assert is_slot_attack(attack) is slotted
    assert slot_of(attack) == f"{channel}/{frame}"


def test_a_scenario_without_a_cluster_is_its_own() -> None:
    scenario = Scenario(id="s", behavior="b", harmful=True)
    assert cluster_of(scenario) == "s"
    assert cluster_of(scenario.model_copy(update={"cluster": ""})) == ""
