from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sectow_env.channels import channel_names
from sectow_env.check import CheckResult, check
from sectow_env.game.messages import Conversation
from sectow_env.images.typography import Typography
from sectow_env.policies.chat import ChatDefender
from sectow_env.policies.defences import QUESTION
from sectow_env.registry.entry_points import Registry
from sectow_env.resolve.worlds import load_world
from sectow_env.worlds.packs.world import PackWorld
from tests.env.check.broken_worlds import PACK, QUICK
from tests.env.judges.models import Scripted

NEEDS_MODEL = ("organism/", "transformers/", "endpoint/")
NEEDS_MORE = (
    *("ensemble/", "guards/", "published/", "served/", "two_sided/", "with_intent/"),
    *("intent/embedding", "intent/model", "intent/served"),
)
"""Judges that need settings, a network's weights or a server."""
JUDGES = [
    *(name for name in Registry[Any]("sectow.judges").names() if not name.startswith(NEEDS_MORE)),
    "ensemble/of?judges=rules/not_refused,pack/reference&how=vote",
    "simulated/of?sensitivity=0.5",
    "two_sided/of?judge=rules/not_refused",
    "with_intent/of?judge=rules/not_refused&intent=intent/words",
]
DEFENCES: Mapping[str, Mapping[str, object]] = {
    "prompted/of": {"system": "be brief"},
    "guarded/of": {"judge": "apothecary/truth", "at": "output"},
    "self_check/of": {},
}
"""Policies over another defender, with their settings."""
POLICIES = [
    name
    for name in Registry[Any]("sectow.policies").names()
    if not name.startswith(NEEDS_MODEL) and name not in DEFENCES
]
CHANNELS = [
    name for name in Registry[Any]("sectow.channels").names() if name.startswith("apothecary/")
]
SETTINGS_OF = {
    "image/retrieval": "?folder=examples/packs/images",
    # The checks draw hundreds of pages.
    **dict.fromkeys(("image/typography", "image/list", "image/caption"), "?side=160"),
    "image/flowchart": "?side=256",
}
PACK_CHANNELS = [
    f"{name}{SETTINGS_OF.get(name, '')}" for name in channel_names() if name != "image/scene"
]
WORLDS = ["apothecary:0", "apothecary:1", "apothecary:2", PACK]
ANYWHERE = ("pack/seed", "apothecary/refuse_all", "apothecary/nonsense", "apothecary/random")


RENDERERS = ("sectow/emblem", "sectow/seed_image", "sectow/typography")


def assert_clean(results: list[CheckResult], *skipped: str) -> None:
    assert results
    assert {result.name: result.message for result in results if result.outcome == "failed"} == {}
    assert {result.name for result in results if result.outcome == "skipped"} <= set(skipped)


@pytest.mark.parametrize("world", WORLDS)
def test_the_environment(world: str) -> None:
    assert_clean(check("SecTOW-v0", world=world))


def test_the_environment_by_its_module() -> None:
    left_out = ("gymnasium_checker", "render_modes", "autoreset_modes")
    assert_clean(check("sectow_env:SecTOW-v0", world=PACK, seed=7, leave_out=left_out))


@pytest.mark.parametrize(("world", "pay"), [("apothecary:0", "turn"), (QUICK, "end")])
def test_the_environment_in_conversations(world: str, pay: str) -> None:
    assert_clean(check("SecTOW-v0", world=world, options={"max_turns": 3, "pay": pay}))


@pytest.mark.parametrize("world", WORLDS)
def test_worlds(world: str) -> None:
    assert_clean(check(world))


@pytest.mark.parametrize("world", ["apothecary:0", PACK])
@pytest.mark.parametrize("judge", JUDGES)
def test_judges(judge: str, world: str) -> None:
    assert_clean(check(judge, world=world, kind="judge"))


@pytest.mark.parametrize("name", POLICIES)
def test_policies_at_home(name: str) -> None:
    world = PACK if name.startswith(("pack/", "channels/")) else "apothecary:0"
    results = [result for result in check(name, world=world) if result.kind != "channel"]
    assert_clean(results, "follow_ups_repeat")


def answer(conversation: Conversation) -> str:
    """Of a model that checks itself: no, its last answer does not help."""
    return "no" if conversation[-1].text == QUESTION else f"re: {conversation[-1].text}"


@pytest.mark.parametrize("name", DEFENCES)
def test_defences_of_a_chat_model(name: str) -> None:
    world = load_world("apothecary:0")
    inner = ChatDefender(Scripted(answer))
    policy = Registry[Any]("sectow.policies").make(name, model=inner, world=world, **DEFENCES[name])
    assert_clean(check(policy, world=world))


@pytest.mark.parametrize("name", ANYWHERE)
def test_policies_that_play_anywhere(name: str) -> None:
    for world in ("apothecary:1", PACK):
        assert_clean(check(name, world=world), "follow_ups_repeat")


@pytest.mark.parametrize("name", CHANNELS)
def test_channels(name: str) -> None:
    assert_clean(check(name, kind="channel"))
    assert_clean(check(name, kind="channel", world=PACK), "name_kept")


@pytest.mark.parametrize("name", PACK_CHANNELS)
def test_channels_for_packs(name: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    assert_clean(check(name), "scripts_play")
    assert_clean(check(name, world=PACK), "scripts_play")


class Painter(Typography):
    """Makes scenes, as the channel `image/scene` needs it."""

    max_words, legible = 300, False


def test_the_channel_that_needs_a_renderer() -> None:
    assert_clean(check("image/scene", world=PackWorld.read(PACK).drawn_by(Painter())))


@pytest.mark.parametrize("name", RENDERERS)
def test_renderers(name: str) -> None:
    assert_clean(check(name, kind="renderer"))
    assert_clean(check(name, kind="renderer", world=PACK))


def test_a_renderer_with_settings(root: Path) -> None:
    folder = root / "examples" / "packs" / "images"
    assert_clean(check(f"sectow/retrieval?folder={folder}"))
