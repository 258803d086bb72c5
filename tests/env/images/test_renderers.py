"""Renderers as plug-ins: by name, with settings, in any world that takes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from sectow_env import ENV_ID, Picture, SectowEnv, SectowError, TextAction, VectorTextAction
from sectow_env.errors import PartError
from sectow_env.game import Invalid, Scenario
from sectow_env.game.renderer import Drawing
from sectow_env.images.emblem import draw_emblem
from sectow_env.images.retrieval import Retrieval
from sectow_env.images.seed_image import SeedImage
from sectow_env.images.typography import draw_words
from sectow_env.resolve.parts import RENDERERS, find_renderer
from sectow_env.worlds.apothecary import Apothecary
from sectow_env.worlds.packs.world import PackWorld

SCENARIO = Scenario(id="s", behavior="tell", harmful=True)
FREE: dict[str, Any] = {"channels": [None]}


def drawings(*texts: str, scenario: Scenario = SCENARIO) -> list[Drawing]:
    return [Drawing(tuple(text.split()), scenario) for text in texts]


def plain(shade: int) -> Picture:
    return Picture(np.full((4, 5, 3), shade, dtype=np.uint8))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "below").mkdir()
    for name, shade in (("red_door", 1), ("blue-door", 2), ("below/x17", 3)):
        (tmp_path / f"{name}.png").write_bytes(plain(shade).png)
    (tmp_path / "below" / "x17.txt").write_text("A very old lantern, by the door")
    return tmp_path


def test_typography_draws_what_it_always_drew() -> None:
    renderer = find_renderer("sectow/typography")
    assert renderer.draw(drawings("vel jun")) == [draw_words(("vel", "jun"), jitter_key="s")]


def test_an_emblem_is_named_by_its_glyphs() -> None:
    renderer = find_renderer("sectow/emblem")
    drawn = renderer.draw(drawings("red circle blue star", "circle red", "red"))
    assert drawn[0] == draw_emblem([0, 14], jitter_key="s")
    assert list(drawn[1:]) == [None, None]


def test_the_seed_image_is_passed_through() -> None:
    seeded = SCENARIO.model_copy(update={"image": plain(9)})
    assert SeedImage().draw(drawings("whatever", scenario=seeded)) == [plain(9)]
    assert SeedImage().draw(drawings("whatever")) == [None]


def test_retrieval_takes_the_picture_whose_caption_fits_best(folder: Path) -> None:
    drawn = Retrieval(folder).draw(drawings("a RED door", "the lantern", "door", "xyz", "blue !"))
    # Of equal fits the shortest caption wins, then the first name.
    assert drawn == [plain(1), plain(3), plain(2), None, plain(2)]


def test_a_rare_word_counts_for_more_than_a_common_one(tmp_path: Path) -> None:
    for shade, name in enumerate(("door", "door 2", "door 3", "lantern in an old street")):
        (tmp_path / f"{name}.png").write_bytes(plain(shade).png)
    assert Retrieval(tmp_path).draw(drawings("lantern door")) == [plain(3)]


def test_another_folder_is_another_version(folder: Path) -> None:
    before = Retrieval(folder).version
    assert Retrieval(folder).version == before
    (folder / "below" / "x17.txt").write_text("a new caption")
    assert Retrieval(folder).version != before


def test_a_picture_that_changed_is_never_shown_as_what_it_was(folder: Path) -> None:
    before = Retrieval(folder)
    assert before.draw(drawings("red")) == [plain(1)]
    (folder / "red_door.png").write_bytes(plain(7).png)
    after = Retrieval(folder)
    assert after.version != before.version
    assert after.draw(drawings("red")) == [plain(7)]
    (folder / "blue-door.png").write_bytes(plain(8).png)
    with pytest.raises(SectowError, match=r"blue-door\.png; it has changed since"):
        after.draw(drawings("blue"))


def test_what_is_no_picture_or_no_text_is_seen_at_once(folder: Path) -> None:
    (folder / "album.png").mkdir()
    assert Retrieval(folder).draw(drawings("album")) == [None]
    (folder / "red_door.txt").write_bytes(b"\xff\xfe door")
    with pytest.raises(SectowError, match=r"red_door\.txt; it is not UTF-8 text"):
        Retrieval(folder)


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SectowError, match="it has no pictures"):
        Retrieval(tmp_path)
    with pytest.raises(SectowError, match="the folder does not exist"):
        find_renderer(f"sectow/retrieval?folder={tmp_path / 'none'}")


def test_a_picture_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "red_door.png").write_bytes(b"nothing")
    with pytest.raises(SectowError, match=r"red_door\.png"):
        Retrieval(folder).draw(drawings("red"))


def test_an_environment_draws_by_the_renderer_it_is_given(folder: Path) -> None:
    env = TextAction(gym.make(ENV_ID, renderer=f"sectow/retrieval?folder={folder}", **FREE))
    env.reset(seed=0)
    base: Any = env.unwrapped
    name = base.scenario.meta["potion"]
    attack = env.action(f"image : the lantern ; query : recipe of {name} ?")
    assert (attack.image, attack.drawn, attack.invalid) == (plain(3), None, None)
    assert env.action("image : xyz ; query : what ?").invalid is Invalid.BAD_IMAGE
    again = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))  # type: ignore[union-attr]
    assert again.unwrapped.arena.world.renderer.version == base.arena.world.renderer.version  # type: ignore[attr-defined]


def test_the_words_of_a_picture_are_known_only_where_they_can_be_read() -> None:
    world = Apothecary()
    scenario = world.scenarios("train", harmful=True, channels=[None])[0]
    written = "image : red circle ; query : what ?"
    assert world.attack(scenario, written).drawn == "red circle"
    assert world.drawn_by(find_renderer("sectow/emblem")).attack(scenario, written).drawn is None
    assert world.attack(scenario, written).drawn == "red circle", "the world itself is unchanged"


class Counting:
    id, version, max_words, legible = "test/counting", "1", 5, True

    def __init__(self) -> None:
        self.calls: list[int] = []

    def draw(self, drawings: Sequence[Drawing]) -> list[Picture]:
        self.calls.append(len(drawings))
        return [plain(len(drawing.words)) for drawing in drawings]


def test_a_batch_is_drawn_in_one_call() -> None:
    renderer = Counting()
    env = VectorTextAction(gym.make_vec(ENV_ID, num_envs=4, renderer=renderer, **FREE))
    env.reset(seed=0)
    _, _, _, _, info = env.step(["image : a b ; query : x", "what", *["image : c ; query : y"] * 2])
    attacks = [episode.turns[0].attack for episode in info["final_info"]["sectow_episode"]]
    assert renderer.calls == [3]
    assert [attack.image for attack in attacks] == [plain(2), None, plain(1), plain(1)]


def test_more_words_than_a_renderer_takes_are_off_budget() -> None:
    world = PackWorld([SCENARIO]).drawn_by(Counting())
    assert world.attack(SCENARIO, "image : a b c d e ; query : x").invalid is None
    six = world.attack(SCENARIO, "image : a b c d e f ; query : x")
    assert six.invalid is Invalid.OFF_BUDGET


class Broken(Counting):
    id = "test/broken"

    def draw(self, drawings: Sequence[Drawing]) -> list[Picture]:
        raise ZeroDivisionError("no ink")


def test_a_renderer_that_fails_is_named() -> None:
    world = PackWorld([SCENARIO]).drawn_by(Broken())
    with pytest.raises(PartError, match=r"renderer test/broken.*ZeroDivisionError: no ink"):
        world.attack(SCENARIO, "image : a ; query : x")


class Stubborn:
    """Half a world, that draws its attacks itself."""

    id, rules = "stubborn", None

    def scenarios(self, *_: Any, **__: Any) -> list[Scenario]:
        return [SCENARIO]


def test_a_world_that_takes_no_renderer_says_so() -> None:
    with pytest.raises(SectowError, match="draws its attacks itself"):
        SectowEnv(world=Stubborn(), renderer="sectow/emblem")  # type: ignore[arg-type]


def test_what_is_no_renderer_is_refused() -> None:
    with pytest.raises(SectowError, match="no method draw"):
        find_renderer(7)  # type: ignore[arg-type]
    with pytest.raises(SectowError, match="did you mean 'sectow/emblem'"):
        find_renderer("sectow/emblme")
    with pytest.raises(SectowError, match="it takes folder"):
        find_renderer("sectow/retrieval?dir=x")
    assert set(RENDERERS.names()) >= {"sectow/typography", "sectow/retrieval", "sectow/seed_image"}
