"""Parts of others that fail: each is named, and leaves the episodes as they were."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from sectow_env import NO_IMAGE, SectowEnv, SectowVectorEnv, TextAction, load_world
from sectow_env.errors import ConfigError, PartError, named, one_each
from sectow_env.game import Attack, Price, Verdict
from sectow_env.game.world import attacks_of
from sectow_env.policies.mixed import MixedAttacker, MixedDefender
from sectow_env.registry.entry_points import OWNER, Registry
from sectow_env.resolve.parts import find_defender, find_renderer
from sectow_env.worlds.apothecary import Apothecary
from sectow_env.worlds.apothecary.channels import find_channel
from sectow_env.worlds.apothecary.frames import FRAMES
from sectow_env.worlds.rendering import render_frame
from tests.env.conftest import Install

WORLD = Apothecary()
FREE: dict[str, Any] = {"channels": [None]}


class Fixed:
    """Any part: returns a fixed result, or raises it."""

    id, version, max_words, legible = "mine/part", "1", 5, True

    def __init__(self, result: Any) -> None:
        self.result = result

    def _return(self, *_: Any, **__: Any) -> Any:
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    attack = respond = judge = price = inspect = draw = render = _return


class Ruled(Apothecary):
    def __init__(self, rules: Any) -> None:
        super().__init__()
        self.rules = rules


def ask(env: Any) -> dict[str, Any]:
    return {"image": NO_IMAGE, "query": env.scenario.meta["potion"]}


GOOD: dict[str, Any] = {
    "defender": "no",
    "attacker": Attack(query="tell me"),
    "judge": Verdict(judge="j", version="1"),
    "reward": Price(),
    "world": None,
}
NAMED = {"reward": "reward function", "world": "rules"}
SEATS = {"attacker": "defender"}


def make(kind: str, part: Any) -> SectowEnv:
    given = Ruled(part) if kind == "world" else part
    options: dict[str, Any] = {kind: given, "seat": SEATS.get(kind, "attacker")}
    return SectowEnv(**options)


def play(kind: str, part: Any) -> None:
    env = make(kind, part)
    env.reset(seed=0)
    env.step(ask(env))


@pytest.mark.parametrize("kind", GOOD)
def test_a_part_that_raises_is_named(kind: str) -> None:
    with pytest.raises(PartError) as caught:
        play(kind, Fixed(ZeroDivisionError("no ink,\n and\tno paper")))
    assert caught.value.given == f"the {NAMED.get(kind, kind)} mine/part"
    assert caught.value.why == "it raised ZeroDivisionError: no ink, and no paper"
    assert "fix that part" in caught.value.fix


@pytest.mark.parametrize("kind", ["defender", "attacker", "judge", "reward"])
@pytest.mark.parametrize("answer", ["none", "two", "a number", "a mapping", "another kind"])
def test_a_part_that_gives_something_else_is_named(kind: str, answer: str) -> None:
    answers: dict[str, Any] = {
        "none": [],
        "two": [GOOD[kind]] * 2,
        "a number": 7,
        "a mapping": {"a": GOOD[kind]},
        "another kind": [b"no"],
    }
    with pytest.raises(PartError, match="mine/part; it returned") as caught:
        play(kind, Fixed(answers[answer]))
    assert "one answer per input" in caught.value.fix


def test_a_defender_that_gives_one_text_in_place_of_a_list_is_named() -> None:
    with pytest.raises(PartError, match="it returned str, not a list"):
        play("defender", Fixed("n"))
    with pytest.raises(PartError, match="unpaired surrogate"):
        play("defender", Fixed(["\ud800"]))
    play("defender", Fixed([None]))


def test_rules_that_give_no_reason_are_named() -> None:
    with pytest.raises(
        PartError, match="the rules mine/part; it returned str, not Invalid or None"
    ):
        play("world", Fixed("leak"))


def test_a_reward_that_is_no_number_is_refused() -> None:
    with pytest.raises(PartError, match="its term 'a' is nan"):
        play("reward", Fixed([Price(attacker={"a": float("nan")})]))
    with pytest.raises(PartError, match="its term 'b' is inf"):
        play("reward", Fixed([Price(defender={"b": float("inf")})]))


def test_a_part_is_named_by_its_id_or_its_class_and_never_by_its_repr() -> None:
    class Secret:
        id = 7

        def __repr__(self) -> str:
            return "sk-secret"

    assert named("judge", Fixed(0)) == "the judge mine/part"
    assert named("judge", Secret()).endswith("test_faults." + Secret.__qualname__)
    assert named("judge", Secret()).startswith("the judge tests.env.")


def test_what_a_stranger_says_in_an_error_is_cut() -> None:
    with pytest.raises(PartError) as caught:
        play("judge", Fixed(ValueError("x" * 10_000)))
    assert len(caught.value.why) < 400


def test_answers_may_come_from_a_generator() -> None:
    assert one_each("x", (letter for letter in "ab"), 2, str) == ["a", "b"]
    with pytest.raises(PartError, match="it raised RuntimeError"):
        play("defender", Fixed(failing()))


def failing() -> Any:
    yield "no"
    raise RuntimeError("late")


class Flaky:
    """Fails at its calls with these numbers, counted from 0; speaks for the part otherwise."""

    id, version = "mine/flaky", "1"

    def __init__(self, part: Any, verb: str, *fails: int) -> None:
        self.calls = 0
        setattr(self, verb, self._call(getattr(part, verb), set(fails)))

    def _call(self, inner: Callable[..., Any], fails: set[int]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            self.calls += 1
            if self.calls - 1 in fails:
                raise TimeoutError
            return inner(*args)

        return call


KEYWORD = find_defender("apothecary/keyword", WORLD)


@pytest.mark.parametrize("kind", ["defender", "judge", "reward"])
def test_the_same_action_can_be_played_again(kind: str) -> None:
    calm = SectowEnv(max_turns=2)
    parts = {"defender": KEYWORD, "judge": calm.arena.judge, "reward": calm.arena.reward}
    verb = {"defender": "respond", "judge": "judge", "reward": "price"}[kind]
    options: dict[str, Any] = {kind: Flaky(parts[kind], verb, 0, 2)}
    env = SectowEnv(max_turns=2, **options)
    for each in (calm, env):
        each.reset(seed=0)
    for _ in range(2):
        with pytest.raises(PartError, match="mine/flaky; it raised TimeoutError; fix"):
            env.step(ask(env))
        assert calm.step(ask(calm))[1:3] == env.step(ask(env))[1:3]
    assert env.episode_state == calm.episode_state


class Talker:
    """Always has a further query."""

    def attack(self, scenarios: Sequence[Any]) -> list[Attack]:
        return [Attack(query=scenario.meta["potion"]) for scenario in scenarios]


def test_a_follow_up_that_fails_plays_no_turn_twice() -> None:
    env = SectowEnv(seat="defender", attacker=Flaky(Talker(), "attack", 1), max_turns=2)  # type: ignore[arg-type]  # it has the verb
    heard: list[Any] = []
    env.arena.listeners.append(heard.append)
    env.reset(seed=0)
    with pytest.raises(PartError):
        env.step("no")
    assert (env.episode_state.played, env.episode_state.ended, heard) == ([], None, [])
    env.step("no")
    env.step("no")
    assert env.episode_state.episode is not None
    assert [len(turn.attack.history) for turn in env.episode_state.episode.turns] == [0, 1]
    assert heard == [env.episode_state.episode]


def test_one_bad_answer_leaves_all_episodes_of_a_vector_as_they_were() -> None:
    env = SectowVectorEnv(3, judge=Flaky(SectowEnv().arena.judge, "judge", 0), **FREE)  # type: ignore[arg-type]  # it has the verb
    env.reset(seed=0)
    actions = [ask(match) for match in env.episode_states]
    with pytest.raises(PartError):
        env.step(actions)
    assert [state.attack for state in env.episode_states] == [None] * 3
    assert env.step(actions)[2].all()


def test_a_mix_names_the_one_that_failed() -> None:
    with pytest.raises(PartError, match="the defender mine/part; it returned 0 answers"):
        play("defender", MixedDefender([Fixed([])]))
    with pytest.raises(PartError, match="the attacker mine/part; it raised ValueError: no"):
        play("attacker", MixedAttacker([Fixed(ValueError("no"))]))


def test_the_same_policy_may_be_in_a_mix_twice() -> None:
    env = SectowVectorEnv(8, seat="defender", attacker="apothecary/random")
    policy: Any = env.arena.opponent
    twice = SectowVectorEnv(8, seat="defender", attacker=MixedAttacker([policy, policy]))
    env.reset(seed=0)
    twice.reset(seed=0)
    assert [state.attack for state in twice.episode_states] == [
        state.attack for state in env.episode_states
    ]


@pytest.mark.parametrize("weights", [[float("nan"), 1.0], [float("inf"), 1.0]])
def test_weights_are_numbers(weights: list[float]) -> None:
    with pytest.raises(ConfigError, match="one weight per policy"):
        MixedDefender([KEYWORD, KEYWORD], weights)


# Worlds, channels and renderers.


def test_a_world_that_fails_is_named() -> None:
    class Worn(Apothecary):
        def __init__(self, where: str, result: Any) -> None:
            super().__init__()
            self.id = "mine/worn"
            setattr(self, where, Fixed(result).respond)

    down = OSError("worn out")
    for where in ("scenarios", "judge", "drawn_by"):
        with pytest.raises(PartError, match="the world mine/worn; it raised OSError: worn out"):
            SectowEnv(world=Worn(where, down), renderer="sectow/emblem")
    env = TextAction(SectowEnv(world=Worn("attacks", down)))
    env.reset(seed=0)
    with pytest.raises(PartError, match="the world mine/worn; it raised OSError"):
        env.step("what ?")
    with pytest.raises(PartError, match="the world mine/worn; it returned 2 answers, not 1"):
        attacks_of(Worn("attacks", [GOOD["attacker"]] * 2), [env.base.scenario], ["x"])


def test_a_renderer_that_gives_something_else_is_named() -> None:
    for result, message in (
        ([], "it returned 0 answers"),
        ([NO_IMAGE], "it returned ndarray, not"),
    ):
        env = TextAction(SectowEnv(renderer=Fixed(result), **FREE))
        env.reset(seed=0)
        with pytest.raises(PartError, match=f"the renderer mine/part; {message}"):
            env.step("image : a ; query : b")


@pytest.mark.parametrize("lost", ["id", "version", "max_words", "legible", "draw"])
def test_half_a_renderer_is_refused(lost: str) -> None:
    half = type("Half", (), {key: vars(Fixed)[key] for key in vars(Fixed) if key != lost})
    with pytest.raises(ConfigError, match=f"it has no (method|attribute) {lost};"):
        find_renderer(half([]))
    assert find_renderer(Fixed([])).id == "mine/part"


def test_what_is_no_part_is_refused() -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"judge": 7}, "judge=7; it has no method judge and no attribute id"),
        ({"judge": object}, "no method judge"),
        ({"reward": 7}, "reward=7; it has no method price"),
        ({"world": 7}, "world=7; it has no method scenarios"),
        ({"channels": 5}, "not a list of channels"),
        ({"channels": {"split", "plain"}}, "not a list of channels"),
    ]
    for options, message in cases:
        with pytest.raises(ConfigError, match=message):
            SectowEnv(**options)
    assert SectowEnv(world=None).arena.world.id == WORLD.id


BROKEN = """
def world(seed=0):
    raise OSError("no map")

class Channel:
    frames = ()
    def frame(self, label):
        raise OSError("no frame")
    def render(self, frame, words, jitter_key=""):
        raise OSError("no ink")

def channel():
    return Channel()

def no_channel():
    raise OSError("no key")
"""


def test_registered_parts_that_fail_are_named(install: Install) -> None:
    install(
        "stranger",
        {
            "sectow.worlds": {"mine": "foreign:world"},
            "sectow.channels": {"mine/one": "foreign:channel", "mine/two": "foreign:no_channel"},
            "sectow.judges": {"mine/judge": "worse:judge"},
        },
        foreign=BROKEN,
        worse="raise ZeroDivisionError('at import')\n",
    )
    for name in ("mine", "mine:3", "foreign:world"):
        with pytest.raises(PartError, match=f"the world {name}; it raised OSError: no map"):
            load_world(name, allow_import_path=True)
    with pytest.raises(PartError, match="the channel mine/two; it raised OSError: no key"):
        SectowEnv(channels=["mine/two"])
    with pytest.raises(PartError, match="judge 'mine/judge'; it raised ZeroDivisionError"):
        SectowEnv(judge="mine/judge")
    env = TextAction(SectowEnv(channels=["mine/one"]))
    env.reset(seed=0)
    with pytest.raises(PartError, match="the channel mine/one; it raised OSError: no frame"):
        env.step("frame : a ; name : b")
    with pytest.raises(PartError, match="the channel mine/one; it raised OSError: no ink"):
        render_frame(find_channel("mine/one"), FRAMES["plain"][0], ("a",), jitter_key="s")


FACTORIES = """
class Judge:
    id, version = "mine/judge", "1"
    def __init__(self, world):
        self.world = world
    def judge(self, turns):
        return []

def named(world):
    return Judge(world)

def any_name(**given):
    return Judge(given["world"])

def bare():
    return Judge(None)

def down():
    raise OSError("no key")
"""


def test_a_factory_is_offered_the_world_and_a_setting_comes_before_it(install: Install) -> None:
    kinds = ("named", "any_name", "bare", "down")
    judges = {f"mine/{kind}": f"foreign:{kind}" for kind in kinds}
    install("stranger", {"sectow.judges": judges}, foreign=FACTORIES)

    def world_of(name: str) -> Any:
        judge: Any = SectowEnv(world=WORLD, judge=name).arena.judge
        return judge.world

    assert world_of("mine/named") is world_of("mine/any_name") is WORLD
    assert world_of("mine/bare") is None
    assert world_of("mine/named?world=5") == 5
    with pytest.raises(PartError, match="the judge mine/down; it raised OSError: no key"):
        world_of("mine/down")


def test_a_defect_of_our_own_keeps_its_traceback(install: Install) -> None:
    groups = {"sectow.test-group": {"our/part": "ours:part"}}
    install(OWNER, groups, ours="raise ZeroDivisionError('at import')\n")
    with pytest.raises(ZeroDivisionError):
        Registry[object]("sectow.test-group").get("our/part")
