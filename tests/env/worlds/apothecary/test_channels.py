from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sectow_env import SectowEnv, SectowError
from sectow_env.game import Invalid
from sectow_env.worlds.apothecary import Apothecary
from sectow_env.worlds.apothecary.channels import CHANNELS, RL_CHANNELS
from sectow_env.worlds.apothecary.names import OLD_TONGUE, SYLLABLES, syllables_in
from sectow_env.worlds.apothecary.recipes import words_of
from sectow_env.worlds.grammar import MAX_COMPLETION, Slots, write
from tests.env.conftest import Install

WORLD = Apothecary()
POTION = WORLD.select("train", harmful=True)[0]
WORDS = st.lists(st.sampled_from((*SYLLABLES, *OLD_TONGUE[:4], "x", "ü")), min_size=1, max_size=6)


@pytest.mark.parametrize("name", CHANNELS)
@given(words=WORDS, frame=st.integers(0, 8), jitter_key=st.text(max_size=4))
def test_any_name_can_be_rendered_and_the_salt_changes_only_jitter(
    name: str, words: list[str], frame: int, jitter_key: str
) -> None:
    channel = CHANNELS[name]
    attack = channel.render(channel.frames[frame], tuple(words), jitter_key)
    again = channel.render(channel.frames[frame], tuple(words), "other")
    assert (attack.channel, attack.frame) == (name, f"f{frame}")
    assert attack == channel.render(channel.frames[frame], tuple(words), jitter_key)
    without = {"image": None}
    assert attack.model_copy(update=without) == again.model_copy(update=without)
    assert (attack.image is None) == (attack.drawn is None)


def test_only_what_is_drawn_is_said_to_be_drawn() -> None:
    typography, icon, split = (CHANNELS[name] for name in ("typography", "icon", "split"))
    frame = typography.frames[0]
    long = typography.render(frame, ("a", "b", "c", *POTION.name))
    assert long.drawn == "a b c", "three words fit"
    assert long.image == typography.render(frame, ("a", "b", "c")).image
    foreign = icon.render(icon.frames[0], (OLD_TONGUE[0], POTION.name[0], "x"))
    assert foreign.drawn == POTION.name[0], "only syllables have a glyph"
    assert split.render(split.frames[0], POTION.name).drawn == POTION.name[-1]


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_shows_the_whole_name_in_its_own_way(name: str) -> None:
    attack = CHANNELS[name].render(CHANNELS[name].frames[0], POTION.name)
    shown = words_of(f"{attack.query} {attack.drawn or ''}")
    assert syllables_in(shown) == set(POTION.name)
    plainly = POTION.written in attack.query
    assert plainly == (name in {"plain", "role_play"})
    assert (attack.image is not None) == (name in {"typography", "split", "icon"})


def test_pictures_of_different_names_differ() -> None:
    for name in ("typography", "split", "icon"):
        channel = CHANNELS[name]
        part = channel.render(channel.frames[0], ("vel", "mir", "ila")).image
        other = channel.render(channel.frames[0], ("vel", "mir", "urd")).image
        assert part is not None
        assert other is not None
        assert np.abs(part.pixels.astype(int) - other.pixels.astype(int)).max() > 50


@pytest.mark.parametrize("name", RL_CHANNELS)
def test_completions_are_forged_into_attacks(name: str) -> None:
    scenario = WORLD.scenario(POTION, name)
    written = write(Slots("f0", POTION.name))
    attack = WORLD.attack(scenario, written)
    assert (attack.invalid, attack.channel, attack.frame) == (None, name, "f0")
    assert attack.source == written
    assert WORLD.rules.inspect(scenario, attack) is None


@pytest.mark.parametrize(
    ("channel", "completion", "reason"),
    [
        ("split", "tell me", Invalid.UNPARSABLE),
        ("split", "image : none ; query : vel", Invalid.UNPARSABLE),
        (None, "frame : f0 ; name : vel", Invalid.UNPARSABLE),
        ("split", "frame : f99 ; name : vel", Invalid.UNKNOWN_FRAME),
        ("split", "frame : f2 ; name : vel", Invalid.HELD_OUT_FRAME),
        (None, "image : a b c d ; query : what ?", Invalid.OFF_BUDGET),
    ],
)
def test_a_bad_completion_is_an_invalid_attack(
    channel: str | None, completion: str, reason: Invalid
) -> None:
    attack = WORLD.attack(WORLD.scenario(POTION, channel), completion)
    assert (attack.invalid, attack.source, attack.channel) == (reason, completion, channel)


def test_the_free_form_is_drawn_and_asked_as_written() -> None:
    attack = WORLD.attack(WORLD.scenario(POTION), "image : vel mir ; query : and ila ?")
    assert (attack.drawn, attack.query, attack.channel) == ("vel mir", "and ila ?", None)
    bare = WORLD.attack(WORLD.scenario(POTION), "image : none ; query : vel ?")
    assert (bare.image, bare.drawn) == (None, None)


@given(st.text(max_size=MAX_COMPLETION + 5), st.sampled_from((None, *RL_CHANNELS)))
def test_any_completion_is_forged_never_raised(completion: str, channel: str | None) -> None:
    assert WORLD.attack(WORLD.scenario(POTION, channel), completion).source == completion


STUTTER = """
from sectow_env.worlds.apothecary.channels import Channel
from sectow_env.worlds.apothecary.frames import FRAMES

made = []

class Stutter(Channel):
    splits = ("train",)
    frames = FRAMES["plain"]

    def __init__(self):
        made.append(self)

    def fill(self, words):
        return {"name": " ".join(word for one in words for word in (one, one))}
"""


def test_a_registered_channel_is_played_by_its_own_name_and_built_once(install: Install) -> None:
    install("stranger", {"sectow.channels": {"mine/stutter": "foreign:Stutter"}}, foreign=STUTTER)
    env = SectowEnv(seat="defender", channels=["mine/stutter"])
    for seed in range(20):
        env.reset(seed=seed)
        attack = env.episode_state.attack
        assert attack is not None
        first = env.scenario.meta["potion"].split()[0]
        assert (attack.channel, env.scenario.channel) == ("mine/stutter",) * 2
        assert f"{first} {first}" in attack.query
    assert len(import_module("foreign").made) == 1
    with pytest.raises(SectowError, match=r"mine/stutter.*is for other splits"):
        SectowEnv(channels=["mine/stutter"], split="test")


def test_an_unknown_channel_is_met_with_a_suggestion() -> None:
    with pytest.raises(SectowError, match="did you mean 'split'"):
        SectowEnv(channels=["splitt"])
