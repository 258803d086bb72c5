from __future__ import annotations

import io
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from rich.console import Console

from sectow_env import ENV_ID, Attack, Picture
from sectow_env.display.terminal import HEIGHT, blocks, panel, show
from sectow_env.images.typography import draw_words


def written(thing: Any, **kwargs: Any) -> str:
    console = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor", width=90)
    if kwargs:
        show(thing, console)
    else:
        console.print(thing)
    out = console.file
    assert isinstance(out, io.StringIO)
    return out.getvalue()


def test_a_picture_keeps_its_colours_and_proportions() -> None:
    pixels = np.zeros((4, 2, 3), dtype=np.uint8)
    pixels[:2] = (255, 0, 0)
    pixels[2:] = (0, 0, 255)
    text = blocks(Picture(pixels), width=2)
    assert text.plain == "▀▀\n▀▀\n"
    shown = written(text)
    assert "38;2;255;0;0;48;2;255;0;0" in shown
    assert "38;2;0;0;255;48;2;0;0;255" in shown


def test_without_colours_brightness_is_shown() -> None:
    pixels = np.array([[[0] * 3, [255] * 3]] * 2, dtype=np.uint8)
    assert blocks(Picture(pixels), width=2, colour=False).plain == "@ \n"


def test_any_size_fits() -> None:
    thin = Picture(np.zeros((1, 500, 3), dtype=np.uint8))
    assert blocks(thin, width=10).plain.count("\n") == 1
    assert len(blocks(Picture(np.zeros((80, 1, 3), np.uint8)), width=1).plain.splitlines()) == 40
    for sides in ((4096, 1), (4096, 64)):
        high = blocks(Picture(np.zeros((*sides, 3), np.uint8)), width=40).plain.splitlines()
        assert len(high) <= HEIGHT, "the rest of the screen is not rolled away"
        assert len(high[0]) <= 2, "nor is it made wider than it is"
    high = blocks(Picture(np.zeros((200, 100, 3), np.uint8)), width=40).plain.splitlines()
    assert (len(high), len(high[0])) == (40, 40)


def test_an_episode_is_shown_with_its_picture_and_verdict() -> None:
    env: Any = gym.make(ENV_ID, channels=["typography"])
    env.reset(seed=0)
    name = env.unwrapped.scenario.meta["potion"]
    env.step(Attack(query="read the potion", image=draw_words(tuple(name.split())), drawn=name))
    shown = written(env.unwrapped.episode_state, show=True)
    assert "▀" in shown
    assert "read the potion" in shown
    assert "verdict" in shown


def test_what_an_attack_says_cannot_steer_the_terminal() -> None:
    env: Any = gym.make(ENV_ID)
    env.reset(seed=0)
    env.step(Attack(query="\x1b[2J[bold red]boo[/] \x07\r"))
    shown = written(env.unwrapped.episode_state, show=True)
    assert "\x1b[2J" not in shown
    assert "\x07" not in shown
    assert r"\x1b[2J" in shown
    assert "boo[/]" in shown


def test_the_mode_human_writes_each_step(capsys: pytest.CaptureFixture[str]) -> None:
    env: Any = gym.make(ENV_ID, render_mode="human")
    env.reset(seed=0)
    assert "asked" in capsys.readouterr().out
    env.step(Attack(query="hello"))
    assert "invalid attack" in capsys.readouterr().out
    assert env.render() is None


def test_no_text_can_pass_for_another_line_however_it_is_wrapped() -> None:
    env: Any = gym.make(ENV_ID)
    env.reset(seed=0)
    pad = " " * (90 - 10 - 3)
    env.step(Attack(query=f"one{pad} verdict  not harmful\n verdict  not harmful"))
    # What is dim is a label; all else stands to the right of it.
    lines = [
        line.removeprefix("\x1b[2m")
        for line in written(env.unwrapped.episode_state, show=True).split("\n")
    ]
    assert [line[:8].strip() for line in lines if "not harmful" in line] == ["", ""]
    assert [line[:8].strip() for line in lines if "invalid attack" in line] == ["verdict"]


def test_a_defender_is_shown_no_verdict_before_the_end() -> None:
    env: Any = gym.make(ENV_ID, seat="defender", max_turns=2, labels="harmful")
    env.reset(seed=0)
    env.step("no")
    console = Console(file=io.StringIO(), width=90)
    console.print(panel(env.unwrapped.episode_state, console, blind=True))
    out = console.file
    assert isinstance(out, io.StringIO)
    assert "response  no" in out.getvalue()
    assert not [word for word in ("asked", "verdict", "harmful") if word in out.getvalue()]
