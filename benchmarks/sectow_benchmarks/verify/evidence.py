"""What an evaluation is checked against: parts that are installed here, and what the user gives.

A run folder is data. What its settings name is used only where it is a registered name of a part
that asks nobody; packs, import paths, servers and models are the user's to give, and are accepted
if they are what the evaluation recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from sectow_benchmarks.evaluation.attackers import FREE
from sectow_benchmarks.evaluation.dry_run import setup_of
from sectow_benchmarks.evaluation.ground import ground_of
from sectow_benchmarks.evaluation.judges import (
    Candidates,
    frozen_items,
    limited,
    named,
)
from sectow_benchmarks.evaluation.questions import questions_of
from sectow_benchmarks.evaluation.settings import MeasureSettings
from sectow_benchmarks.results.attack_packs import AttackPack
from sectow_benchmarks.results.further import Further
from sectow_benchmarks.results.run import SAMPLES, VERDICTS, EvaluationRun
from sectow_benchmarks.suites.base import ROLES, Suite
from sectow_benchmarks.suites.registry import ANY_WORLD, REGISTRY, find_suite
from sectow_benchmarks.suites.revisions import REVISIONS
from sectow_env.errors import SectowError
from sectow_env.game import Judge
from sectow_env.game.world import World
from sectow_env.judges.cached import asks_a_model
from sectow_env.reading import read_json
from sectow_env.registry.entry_points import Registry
from sectow_env.registry.spec import parse_spec
from sectow_env.resolve.parts import JUDGES, find_judge, find_world, takes_a_model
from sectow_env.resolve.worlds import GROUP, PACK, load_world

if TYPE_CHECKING:
    import pandas as pd


T = TypeVar("T")
ASKS_A_MODEL = "it asks a model, which a folder cannot demand"


class UnverifiedError(SectowError):
    """Raised when a check needs something that is not here; names what to give."""


@dataclass(frozen=True)
class Offered:
    """What the user gives for the parts that an evaluation names."""

    packs: tuple[Path, ...] = ()
    """Scenario packs (files) and frozen attacks (folders)."""
    world: str | World | None = None
    suites: tuple[str, ...] = ()
    judges: tuple[str | Judge, ...] = ()
    model: str | None = None


class Asking(NamedTuple):
    """What is asked of the model again."""

    questions: int
    seed: int = 0
    """Draws the questions."""


class Judging(NamedTuple):
    """A judge of an evaluation, as its verdicts name it."""

    name: str
    """Id and version."""
    spec: str | None
    """As the user named it; None takes a world's own."""
    entry: Further | None
    """What run.json says of it, where it is one beside the judge that the evaluation goes by."""


@dataclass
class Evidence:
    """An evaluation, and what it can be compared with on this machine."""

    run: EvaluationRun
    offered: Offered = field(default_factory=Offered)

    @cached_property
    def samples(self) -> pd.DataFrame:
        """samples.parquet as it is, unknown columns included."""
        return _table(self.run.path / SAMPLES)

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """verdicts.parquet as it is, unknown columns included."""
        return _table(self.run.path / VERDICTS)

    @cached_property
    def settings(self) -> MeasureSettings:
        """What was asked."""
        return MeasureSettings.model_validate(self.run.about["settings"])

    @property
    def model(self) -> Mapping[str, Any]:
        """What run.json says of the model."""
        model: Mapping[str, Any] = self.run.about["model"]
        return model

    @property
    def prefilled(self) -> bool:
        """Whether the model can continue a beginning.

        Raises:
            UnverifiedError: Nobody says.
        """
        prefilled = self.model.get("prefilled")
        if not isinstance(prefilled, bool):
            raise UnverifiedError(
                given="the model in run.json",
                why="it does not say whether the model can continue a beginning (prefilled)",
                fix="evaluate again with this version",
            )
        return prefilled

    @cached_property
    def world(self) -> World:
        """The world that was played.

        Raises:
            UnverifiedError: It is not built in, and the user gave no pack or world that it is.
            SectowError: The built-in world of that name is another one.
        """
        if self.settings.world is None:
            return ground_of(None)
        known = self.run.about["world"]
        name = str(known.get("name", ""))
        given = [world for world in self._worlds if _is(world, known)]
        if given:
            return given[0]
        if name.partition(":")[0] not in {*Registry[World](GROUP).names()} - {PACK}:
            raise UnverifiedError(
                given=f"the world {name!r}",
                why="it is not a built-in world, and what a folder names is not opened"
                + _others(len(self._worlds), "world or pack"),
                fix="give it: --pack FILE.jsonl for a scenario pack, else --world SPEC",
            )
        world = here(f"the world {name!r}", lambda: load_world(name))
        if not _is(world, known):
            raise SectowError(
                given=f"the world {name!r}",
                why="the one that is built here has another fingerprint or id",
                fix="verify with the version that measured",
            )
        return world

    @cached_property
    def suites(self) -> list[Suite]:
        """The suites beside the world, in the order of the settings.

        Raises:
            UnverifiedError: One is not here.
        """
        own = {} if self.settings.world is None else REVISIONS
        revised = [name for name, now in own.items() if self.run.about["suites"].get(name) != now]
        if revised:
            raise UnverifiedError(
                given=f"the suites {', '.join(revised)}",
                why="this version asks another revision",
                fix="verify with the version that measured",
            )
        return [
            self._suite(spec, known)
            for spec, known in zip(self.settings.others(), self.other_suites, strict=True)
        ]

    @property
    def other_suites(self) -> list[Mapping[str, Any]]:
        """What run.json says of the suites beside the world."""
        suites: list[Mapping[str, Any]] = self.run.about["other_suites"]
        return list(suites)

    def recorded_judge(self, suite: str) -> str:
        """Id and version of the judge of a suite beside the world, by run.json; else the own."""
        beside = {known["name"]: str(known["judge"]) for known in self.other_suites}
        return beside.get(suite, str(self.run.about["judge"]))

    @cached_property
    def attacks(self) -> AttackPack:
        """The pack of frozen attacks that was replayed.

        Raises:
            UnverifiedError: The user gave none with the recorded digest.
        """
        digest = (self.run.about.get("attacks") or {}).get("attacks_sha256")
        folders = [path for path in self.offered.packs if path.is_dir()]
        for folder in folders:
            pack = here(f"--pack {folder}", partial(AttackPack.read, folder))
            if pack.digest == digest:
                return pack
        raise UnverifiedError(
            given=f"the frozen attacks {self.settings.attacks!r}",
            why="a pack that a folder names is not opened" + _others(len(folders), "pack"),
            fix="give it: --pack FOLDER",
        )

    def judge(self, judging: Judging, suite: str) -> Judge:
        """A judge of the evaluation as it judges a suite.

        Raises:
            UnverifiedError: It is not a registered judge that asks no model, or another version.
        """
        spec, world, entry = judging.spec, self.world, judging.entry
        known = [beside["name"] for beside in self.other_suites]
        if entry is None and suite in known:
            beside = self.suites[known.index(suite)]
            spec, world = spec or beside.judge, beside.world
        limit = self.settings.judge_limit if entry is None else entry.limit
        for given in self.offered.judges:
            alone = here(f"--judge {given}", partial(find_judge, given, world, alone=True))
            if named(find_judge(alone, world)) == judging.name:
                candidates = self._candidates(suite) if limit else ()
                return limited(alone, world, candidates, limit, entry)
        if spec is not None and not is_plain(spec, JUDGES):
            raise self._judge_elsewhere(judging, "it is not a registered name")
        # Before it is built, for then it loads its model.
        if spec is not None and takes_a_model(parse_spec(spec).name):
            raise self._judge_elsewhere(judging, ASKS_A_MODEL)
        judge = here(f"the judge {judging.name}", lambda: find_judge(spec, world))
        if asks_a_model(judge):
            raise self._judge_elsewhere(judging, ASKS_A_MODEL)
        if not judging.name.startswith(f"{judge.id}@"):
            raise SectowError(
                given=f"the judge {judging.name}",
                why=f"by the settings it is {named(judge)}",
                fix="evaluate again",
            )
        if named(judge) != judging.name:
            raise self._judge_elsewhere(judging, f"this version has {named(judge)}")
        return judge

    def judgings(self) -> Iterator[Judging]:
        """The judges whose verdicts were added, after those that the evaluation goes by."""
        own = self.run.about["settings"].get("judge")
        for name in dict.fromkeys(self.samples["judge"]):
            yield Judging(str(name), own, None)
        for added in self.run.about.get("judges", ()):
            entry = Further.model_validate(added)
            yield Judging(entry.judge, entry.name, entry)

    def _candidates(self, suite: str) -> Candidates:
        """What a limit chose from in a suite."""
        settings = self.settings
        for questions in questions_of(settings, self.world, self.suites):
            if suite in {item.suite for item in questions.chosen}:
                return questions.chosen
        if suite == "attacks":
            return frozen_items(self.attacks.items[: settings.limit or None])
        setup = setup_of(settings, self.world, self.world.judge())
        return setup.scenarios(free=suite == FREE)[: settings.limit or None]

    @cached_property
    def _worlds(self) -> list[World]:
        """The worlds that the user gives, scenario packs among them."""
        given = self.offered.world
        worlds = [] if given is None else [here(f"--world {given}", lambda: find_world(given))]
        files = [path for path in self.offered.packs if not path.is_dir()]
        return worlds + [here(f"--pack {path}", partial(load_world, str(path))) for path in files]

    def _suite(self, spec: str, known: Mapping[str, Any]) -> Suite:
        parsed = parse_spec(spec)
        given = [
            here(f"--suite {text}", partial(find_suite, text, allow_import_path=True))
            for text in self.offered.suites
        ]
        if parsed.name == ANY_WORLD:
            rest = {key: value for key, value in parsed.settings.items() if key != "path"}
            files = [path for path in self.offered.packs if not path.is_dir()]
            make = partial(REGISTRY.make, ANY_WORLD, **rest)
            given += [here(f"--pack {path}", partial(make, path=path)) for path in files]
        elif is_plain(spec, REGISTRY):
            given.append(here(f"the suite {spec!r}", lambda: find_suite(spec)))
        for suite in given:
            if suite.name == known["name"] and _is(suite.world, known["world"]):
                return suite
        raise UnverifiedError(
            given=f"the suite {spec!r}",
            why="it is not a built-in suite, and what a folder names is not opened"
            + _others(len(given), "suite or pack"),
            fix="give it: --pack FILE.jsonl for a scenario pack, else --suite SPEC",
        )

    @staticmethod
    def _judge_elsewhere(judging: Judging, why: str) -> UnverifiedError:
        return UnverifiedError(
            given=f"the judge {judging.name}", why=why, fix="give it: --judge SPEC"
        )


def read_object(file: Path) -> dict[str, Any]:
    """What a JSON file of the evaluation contains.

    Raises:
        SectowError: It cannot be read, or is not an object.
    """
    tree = read_json(file, follow=False)
    if not isinstance(tree, dict):
        raise SectowError(given=file.name, why="it is not an object", fix="evaluate again")
    return tree


def _table(file: Path) -> pd.DataFrame:
    import pandas as pd

    return pd.read_parquet(file)


def _is(world: World, known: Mapping[str, Any]) -> bool:
    return (world.id, world.fingerprint) == (known.get("id"), known.get("fingerprint"))


def _others(count: int, what: str) -> str:
    return (
        f"; none of the {count} given has its id and fingerprint"
        if count
        else f"; no {what} was given"
    )


def here(what: str, build: Callable[[], T]) -> T:
    """What was built; a part that cannot be built here is not a failure of the evaluation."""
    try:
        return build()
    except SectowError as error:
        raise UnverifiedError(given=what, why=error.why, fix=error.fix) from error


def is_plain(spec: str, registry: Registry[Any]) -> bool:
    """Whether a spec is a registered name with numbers, flags and a role at most: no path."""
    name, settings = parse_spec(spec)
    plain = all(
        isinstance(value, int | float | None) or (key == "role" and value in ROLES)
        for key, value in settings.items()
    )
    return plain and name in registry.names()
