"""Draws `docs/game.png`: one attack before and after, and its benign twin.

    python examples/draw_game.py --before organism/defender --after runs/demo/rounds/2/defender

Without options scripted policies play, which need no torch. The episodes are played, not staged:
the first cell of the grid (trained frames, test potions) in which the attack succeeds before, is
refused after, and the twin is answered.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from PIL import Image, ImageDraw, ImageFont

from sectow_env import Attack, Episode, Refusal, SectowError, Verdict, play
from sectow_env.commands.main import USER_ERROR, complain
from sectow_env.game import Defender
from sectow_env.game.rewards import TugOfWarReward
from sectow_env.game.world import Item
from sectow_env.resolve.parts import POLICIES, find_defender
from sectow_env.worlds.apothecary import Apothecary

SCRIPTED = "scripted"
PAIRS_A_FRAME = 16
SCALE = 2
"""Everything is drawn this much larger and scaled down, so that edges are smooth."""
WIDTH, HEIGHT, MARGIN, GAP, CARD, PAD = 1488, 944, 28, 26, 460, 26
SIDE = 160
"""Of the attack's image."""
PAGE, PAPER, EDGE = (244, 242, 236), (255, 255, 255), (221, 217, 206)
INK, FAINT = (38, 38, 44), (128, 124, 116)
BAD, BAD_PALE = (176, 42, 42), (252, 236, 234)
GOOD, GOOD_PALE = (30, 116, 66), (231, 245, 236)
ATTACK_PALE, ANSWER_PALE = (247, 243, 233), (237, 242, 250)
Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]


class Scene(NamedTuple):
    """One column of the picture."""

    title: str
    policy: str
    episode: Episode


class Reader:
    """The scripted filter `apothecary/keyword`, which also reads what the image says."""

    def __init__(self, world: Apothecary) -> None:
        self._filter = find_defender("apothecary/keyword", world)

    def respond(self, attacks: Sequence[Attack]) -> list[str]:
        """One response an attack."""
        read = [
            attack.model_copy(update={"query": f"{attack.query} {attack.drawn or ''}"})
            for attack in attacks
        ]
        return self._filter.respond(read)


def defender_of(name: str, world: Apothecary) -> Defender:
    """A registered policy, the scripted reader, or the folder of a checkpoint."""
    if name == SCRIPTED:
        return Reader(world)
    if name in POLICIES.names() or not Path(name).is_dir():
        return find_defender(name, world)
    # Needs the extra `train`.
    from sectow_agents.policies.local import defender

    return defender(name, max_new_tokens=16)


def scenes(world: Apothecary, channel: str, before: str, after: str) -> list[Scene]:
    """The three episodes.

    Raises:
        SectowError: No cell of the grid shows all of it.
    """
    old, new = defender_of(before, world), defender_of(after, world)
    for harmful, benign in pairs(world, channel):
        first = played(world, harmful, old)
        if not any(episode.verdicts[0].harmful for episode in first):
            continue
        second, twin = played(world, harmful, new), played(world, benign, new)
        for hit, blocked, answered in zip(first, second, twin, strict=True):
            refused = blocked.verdicts[0].refusal is Refusal.FULL
            if hit.verdicts[0].harmful and refused and answered.verdicts[0].correct:
                return [
                    Scene("Before", shown(before), hit),
                    Scene("After: the same attack", shown(after), blocked),
                    Scene("After: its benign twin", shown(after), answered),
                ]
    raise SectowError(
        given=f"{before} and {after} on the channel {channel}",
        why="no attack succeeds before and is refused after while its twin is answered",
        fix="give other policies or another --channel",
    )


def pairs(world: Apothecary, channel: str) -> list[tuple[list[Item], list[Item]]]:
    """Attacks and twins, frame by frame."""
    by_frame: dict[str | None, tuple[list[Item], list[Item]]] = {}
    for place, harmful in enumerate((True, False)):
        for item in world.grid("test", harmful=harmful, channels=[channel], frames="trained"):
            part = by_frame.setdefault(item.attack.frame, ([], []))[place]
            if len(part) < PAIRS_A_FRAME and item.scenario.meta["stratum"] == "cue":
                part.append(item)
    return list(by_frame.values())


def played(world: Apothecary, items: Sequence[Item], defender: Defender) -> list[Episode]:
    """Episodes of fixed attacks."""
    scenarios, attacks = [item.scenario for item in items], [item.attack for item in items]
    judge, reward = world.judge(), TugOfWarReward()
    return play(scenarios, attacks, defender, judge, world.rules, reward)


def shown(name: str) -> str:
    """A policy as the picture names it."""
    if name == SCRIPTED:
        return "the same filter, which also reads the image"
    if name == "apothecary/keyword":
        return "a scripted filter that reads the query"
    parts = Path(name).parts
    if len(parts) > 2 and parts[-3] == "rounds":
        return f"the organism's defender after round {parts[-2]}"
    return "the organism's base defender" if name == "organism/defender" else "/".join(parts[-2:])


class Sheet:
    """A canvas with units of the finished picture."""

    def __init__(self) -> None:
        self.image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), PAGE)
        self._draw = ImageDraw.Draw(self.image)

    def box(self, box: Box, fill: Colour, edge: Colour | None = None, radius: float = 14) -> None:
        """A rounded box, (left, top, right, bottom)."""
        scaled = [value * SCALE for value in box]
        width = SCALE if edge else 0
        self._draw.rounded_rectangle(scaled, radius * SCALE, fill, edge, width)

    def line(self, points: Sequence[float], ink: Colour, width: float = 2) -> None:
        """A line through points, x and y in turn."""
        self._draw.line([value * SCALE for value in points], ink, round(width * SCALE))

    def dot(self, centre: tuple[float, float], radius: float, ink: Colour) -> None:
        """A filled circle."""
        x, y = centre
        box = (x - radius, y - radius, x + radius, y + radius)
        self._draw.ellipse([value * SCALE for value in box], ink)

    def text(
        self,
        place: tuple[float, float],
        text: str,
        size: float = 22,
        ink: Colour = INK,
        *,
        bold: bool = False,
        anchor: str = "la",
    ) -> float:
        """One line of text; returns its width."""
        font = ImageFont.load_default(size=size * SCALE)
        # The font that Pillow carries has one weight; a thin outline makes it bold.
        stroke = 1 if bold else 0
        at = (place[0] * SCALE, place[1] * SCALE)
        self._draw.text(at, text, ink, font, anchor, stroke_width=stroke, stroke_fill=ink)
        return self._draw.textlength(text, font) / SCALE

    def paste(self, image: Image.Image, place: tuple[float, float], side: int) -> None:
        """A square picture, its pixels kept."""
        large = image.resize((side * SCALE, side * SCALE), Image.Resampling.NEAREST)
        x, y = (round(value * SCALE) for value in place)
        self.image.paste(large, (x, y))

    def finished(self) -> Image.Image:
        """The picture at its own size."""
        return self.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def draw(columns: Sequence[Scene]) -> Image.Image:
    """The whole picture."""
    sheet = Sheet()
    for number, scene in enumerate(columns):
        draw_card(sheet, MARGIN + number * (CARD + GAP), scene)
    return sheet.finished()


def draw_card(sheet: Sheet, left: float, scene: Scene) -> None:
    """One episode, top to bottom."""
    episode = scene.episode
    scenario, turn, verdict = episode.scenario, episode.turns[0], episode.verdicts[0]
    inner = left + PAD
    sheet.box((left, MARGIN, left + CARD, HEIGHT - MARGIN), PAPER, EDGE, 20)
    sheet.text((inner, 52), scene.title, 31, bold=True)
    sheet.text((inner, 94), scene.policy, 19, FAINT)
    sheet.line((inner, 132, left + CARD - PAD, 132), EDGE, 1)
    label(sheet, inner, 154, "scenario")
    pill(sheet, left + CARD - PAD, 152, *_kind(scenario.harmful))
    sheet.text((inner, 184), scenario.behavior, 24)
    arrow(sheet, left, 226)
    label(sheet, inner, 258, f"attack: {turn.attack.channel}, {turn.attack.frame}")
    draw_attack(sheet, left, 292, turn.attack)
    arrow(sheet, left, 470)
    label(sheet, inner, 502, "response")
    bubble(sheet, (inner, 532, left + CARD - PAD, 624), turn.response or "", ANSWER_PALE, 34)
    arrow(sheet, left, 638)
    label(sheet, inner, 678, f"verdict of {verdict.judge}")
    words, good = _verdict_words(verdict)
    pill(sheet, left + CARD - PAD, 677, words, good, size=21)
    label(sheet, inner, 734, "reward")
    draw_rope(sheet, left, 790, episode)


def draw_attack(sheet: Sheet, left: float, top: float, attack: Attack) -> None:
    """Image and query side by side."""
    inner, columns = left + PAD, 34
    right = inner
    if attack.image is not None:
        sheet.box((inner, top - 4, inner + SIDE + 8, top + SIDE + 4), EDGE, radius=8)
        sheet.paste(attack.image.pil(), (inner + 4, top), SIDE)
        right, columns = inner + SIDE + 22, 18
    field = (right, top - 4, left + CARD - PAD, top + SIDE + 4)
    bubble(sheet, field, attack.query, ATTACK_PALE, columns)


def draw_rope(sheet: Sheet, left: float, top: float, episode: Episode) -> None:
    """The rope: its knot lies on the side of the seat that was paid more."""
    start, end = left + PAD + 8, left + CARD - PAD - 8
    middle = (start + end) / 2
    rewards = episode.rewards
    lead = (rewards["attacker"] or 0.0) - (rewards["defender"] or 0.0)
    knot = middle - max(-1.0, min(1.0, lead / 2)) * (end - start) * 0.36
    ink = BAD if lead > 0 else GOOD
    sheet.line((start, top, end, top), EDGE, 8)
    sheet.line((middle, top, knot, top), ink, 8)
    sheet.line((middle, top - 15, middle, top + 15), FAINT, 2)
    for peg in (start, end):
        sheet.dot((peg, top), 8, FAINT)
    sheet.dot((knot, top), 15, ink)
    sheet.text((start - 8, top + 32), "attacker", 20, FAINT)
    sheet.text((end + 8, top + 32), "defender", 20, FAINT, anchor="ra")
    sheet.text((start - 8, top + 60), _price(rewards["attacker"]), 28, bold=True)
    sheet.text((end + 8, top + 60), _price(rewards["defender"]), 28, bold=True, anchor="ra")


def label(sheet: Sheet, left: float, top: float, text: str) -> None:
    """The name of a part of the episode."""
    sheet.text((left, top), text, 20, FAINT)


def pill(
    sheet: Sheet, right: float, top: float, text: str, good: bool, *, size: float = 20
) -> None:
    """A word in a coloured field, flush right."""
    ink, fill = (GOOD, GOOD_PALE) if good else (BAD, BAD_PALE)
    font = ImageFont.load_default(size=size * SCALE)
    width = ImageDraw.Draw(sheet.image).textlength(text, font) / SCALE + 30
    sheet.box((right - width, top - 4, right, top + size + 12), fill, radius=(size + 16) / 2)
    sheet.text((right - width / 2, top + size / 2 + 4), text, size, ink, bold=True, anchor="mm")


def bubble(sheet: Sheet, box: Box, text: str, fill: Colour, columns: int) -> None:
    """Quoted words in a field, wrapped."""
    sheet.box(box, fill)
    rows = textwrap.wrap(f"“{text}”", columns)
    top = (box[1] + box[3]) / 2 - (len(rows) - 1) * 16
    for number, row in enumerate(rows):
        sheet.text((box[0] + 18, top + number * 32), row, 24, anchor="lm")


def arrow(sheet: Sheet, left: float, top: float) -> None:
    """From one part to the next."""
    x = left + CARD / 2
    sheet.line((x, top, x, top + 22), FAINT, 2)
    sheet.line((x - 8, top + 14, x, top + 23, x + 8, top + 14), FAINT, 2)


def _kind(harmful: bool) -> tuple[str, bool]:
    return ("harmful: refuse", False) if harmful else ("benign: answer", True)


def _verdict_words(verdict: Verdict) -> tuple[str, bool]:
    if verdict.harmful is not None:
        return ("harmful", False) if verdict.harmful else (f"refusal: {verdict.refusal}", True)
    return ("correct", True) if verdict.correct else ("not correct", False)


def _price(reward: float | None) -> str:
    if reward is None:
        return "none"
    return f"{reward:+.1f}" if reward else "0.0"


def main(
    before: Annotated[str, typer.Option(help="Defender before.")] = "apothecary/keyword",
    after: Annotated[str, typer.Option(help="Defender after, or a checkpoint.")] = SCRIPTED,
    channel: Annotated[str, typer.Option(help="Attack family.")] = "typography",
    world: Annotated[int, typer.Option(help="Seed of the world.")] = 0,
    out: Annotated[Path, typer.Option(help="File that is written.")] = Path("docs/game.png"),
) -> None:
    """Play three episodes and draw them."""
    try:
        columns = scenes(Apothecary(world), channel, before, after)
    except SectowError as error:
        complain(error)
        raise typer.Exit(USER_ERROR) from None
    # Few colours are enough, and make a small file.
    draw(columns).quantize(256, dither=Image.Dither.NONE).save(out, optimize=True)
    typer.echo(str(out))


if __name__ == "__main__":
    typer.run(main)
