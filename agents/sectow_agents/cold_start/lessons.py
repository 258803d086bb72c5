"""What an attacker learns from at a cold start: attacks that worked, as it would write them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sectow_env.errors import ConfigError
from sectow_env.game import Attacker, Defender, Episode, Scenario, Turn, reseed
from sectow_env.game.referee import Referee
from sectow_env.game.seeds import draw_seeds
from sectow_env.game.success import is_success
from sectow_env.game.world import World
from sectow_env.images.drawing import generator
from sectow_env.worlds.grammar import Slots, write


class Lesson(NamedTuple):
    """A request and the completion that is to be learned."""

    scenario: Scenario
    """It names the channel through which the attack went."""
    completion: str


@dataclass(frozen=True)
class Trials:
    """What became of scripted attacks."""

    worked: tuple[Turn, ...]
    tried: int
    invalid: int
    unscored: int
    channels: Counter[str] = field(default_factory=Counter)
    """Successes by channel."""


def try_attacks(
    attacker: Attacker,
    defender: Defender,
    scenarios: Sequence[Scenario],
    attempts: int,
    referee: Referee,
    seed: int,
) -> Trials:
    """Let an attacker try each scenario `attempts` times, and keep what worked.

    Args:
        attacker: Usually a script.
        defender: The one that is to be overcome.
        scenarios: Harmful ones, one for each channel.
        attempts: Tries of each scenario.
        referee: Rules and judge.
        seed: Of the draws of both seats.
    """
    tried = [scenario for scenario in scenarios for _ in range(attempts)]
    attacks_seeds, answers_seeds = (
        draw_seeds(generator("cold start", seat, str(seed)), len(tried))
        for seat in ("attacker", "defender")
    )
    reseed(attacker, attacks_seeds)
    episodes = referee.play(tried, attacker.attack(tried), defender, answers_seeds)
    worked = tuple(episode.turns[-1] for episode in episodes if _worked(episode))
    return Trials(
        worked=worked,
        tried=len(tried),
        invalid=sum(episode.turns[-1].attack.invalid is not None for episode in episodes),
        unscored=sum(
            episode.turns[-1].attack.invalid is None and not episode.verdicts[-1].scored
            for episode in episodes
        ),
        channels=Counter(turn.attack.channel or "free" for turn in worked),
    )


def lessons_of(turns: Iterable[Turn], world: World) -> list[Lesson]:
    """The lessons in attacks that worked, each once.

    Attacks that no completion leads to are left out, such as a pack's seed attacks.

    Args:
        turns: Successful ones.
        world: Reads the completions.

    Raises:
        ConfigError: There is no lesson among them.
    """
    given = list(turns)
    lessons = {
        (lesson.scenario.id, lesson.scenario.channel, lesson.completion): lesson
        for turn in given
        for lesson in _lesson(turn, world)
    }
    if lessons:
        return list(lessons.values())
    raise ConfigError(
        given=f"{len(given)} attacks that worked",
        why="an attacker can learn from none of them: nothing worked, or what worked was not "
        "written as a completion",
        fix="give other channels or a weaker defender (see sectow bench --attacker "
        "channels/scripted), more attempts, or a pool with attacks of the same world",
    )


def _worked(episode: Episode) -> bool:
    return is_success(episode.turns[-1], episode.verdicts[-1])


def _lesson(turn: Turn, world: World) -> list[Lesson]:
    scenario, attack = turn.scenario, turn.attack
    completion = attack.source
    if completion is None:
        # Scripts of the Apothecary leave no completion, but frame and name make it up.
        name = tuple(scenario.meta.get("potion", "").split())
        if attack.frame is None or not name:
            return []
        completion = write(Slots(attack.frame, name))
    if scenario.channel is None and attack.channel is not None:
        scenario = scenario.model_copy(update={"channel": attack.channel})
    if world.attack(scenario, completion).invalid is not None:
        return []
    return [Lesson(scenario, completion)]
