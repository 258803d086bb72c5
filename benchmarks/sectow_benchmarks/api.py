"""The benchmarks from Python: evaluate a policy, read a run, compare two. The commands use these.

run = evaluate("organism/defender", per_cell=1)
run.figures
compare(load_run("runs/bench/base"), run)
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sectow_benchmarks.board.comparable import differences
from sectow_benchmarks.board.figures import SPLIT_FIGURES, figures_of
from sectow_benchmarks.evaluation.attackers import FREE, STRATIFIED
from sectow_benchmarks.evaluation.cost import by_rule, counter
from sectow_benchmarks.evaluation.dry_judging import judged
from sectow_benchmarks.evaluation.dry_run import planned, units_of
from sectow_benchmarks.evaluation.ground import BUILT_IN, ground_of, home_of
from sectow_benchmarks.evaluation.measure import Progress, measure
from sectow_benchmarks.evaluation.policies import (
    AttackerUnderTest,
    DefenderUnderTest,
    attacker_under_test,
    defender_under_test,
)
from sectow_benchmarks.evaluation.settings import SUITES, MeasureSettings
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.stats import Estimate, holm, mcnemar, retention
from sectow_benchmarks.suites.figure import Figure
from sectow_benchmarks.suites.group_table import QUICK
from sectow_benchmarks.suites.groups import Expansion, expand
from sectow_env.display.console import note
from sectow_env.errors import ConfigError
from sectow_env.files import folder_name
from sectow_env.game import Attacker, Defender
from sectow_env.game.world import World
from sectow_env.resolve.policies import weights_of
from sectow_env.resolve.worlds import load_world

if TYPE_CHECKING:
    import pandas as pd

OF_AN_ATTACKER = (STRATIFIED, FREE)
CAPABILITIES = ("twins", "general", "recall")
"""Suites whose change is held against the margin of a loss."""
COLUMNS = ("value", "low", "high", "n", "clusters", "missing", "method")


@dataclass(frozen=True)
class Loaded:
    """A closed evaluation as tidy tables."""

    run: EvaluationRun

    @property
    def name(self) -> str:
        """What it is called in tables."""
        return self.run.name

    @property
    def about(self) -> dict[str, Any]:
        """Its provenance, as run.json says it."""
        return self.run.about

    @property
    def samples(self) -> pd.DataFrame:
        """One row an item that was asked, with its verdict."""
        return self.run.samples

    @cached_property
    def figures(self) -> pd.DataFrame:
        """One row a figure and decoding, with the estimate.

        Columns: `figure`, `title`, `suite`, `decoding`, `better`, and those of `COLUMNS`.
        """
        import pandas as pd

        rows = [
            {**_named(figure, way), **_estimated(figure.estimate(self.samples, way))}
            for figure, way in figures_of(self.samples)
        ]
        columns = ("figure", "title", "suite", "decoding", "better", *COLUMNS)
        return pd.DataFrame(rows, columns=columns)

    @cached_property
    def channels(self) -> pd.DataFrame:
        """One row a figure of the grid, decoding and channel, with its estimate."""
        import pandas as pd

        rows = [
            {**_named(figure, way), "channel": channel, **_estimated(estimate)}
            for figure in SPLIT_FIGURES
            for way in dict.fromkeys(self.samples["decoding"])
            for channel, estimate in figure.by_stratum(self.samples, way).items()
        ]
        columns = ("figure", "title", "suite", "decoding", "better", "channel", *COLUMNS)
        return pd.DataFrame(rows, columns=columns)


def evaluate(  # noqa: PLR0913  (all but the first are named, and mirror the command)
    policy: str | Path | Defender | DefenderUnderTest,
    *,
    suites: Iterable[str] | None = None,
    world: str | World | None = None,
    attacker: str | Attacker | AttackerUnderTest | None = None,
    attacker_template: str | None = None,
    name: str | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    batch_size: int | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> Loaded:
    """Measure a defender.

    Args:
        policy: A defender, or what names one: see `sectow_env.resolve.policies`.
        suites: Some of `sectow_benchmarks.evaluation.settings.SUITES`, specs of suites beside the
            world, such as `pack?path=FILE.jsonl`, and groups, such as `sectow_quick`; default: all
            of the world that apply, and `sectow_quick` where the policy has none.
        world: A world or its name, or the path of a scenario pack; default: the built-in one for
            an organism, for a script and for a policy that is an object, and else none.
        attacker: Its learned ASR is measured too.
        attacker_template: How an attacker that is a model is asked.
        name: What the evaluation is called; default: the policy's name.
        out: Its folder; default: `runs/bench/NAME`.
        resume: Go on with what is in the folder.
        batch_size: Prompts that are answered at once; None finds it.
        progress: Is told how it goes.
        settings: Those of `MeasureSettings`, such as `per_cell`, `splits`, `attacks`,
            `limit`, and `tasks` of lm-eval with `include` folders.

    Raises:
        SectowError: A name is not known, or the folder does not fit.
        pydantic.ValidationError: A setting cannot be meant.
    """
    expansion, played, ground = _chosen(policy, world, suites, settings.pop("tasks", ()))
    subject = defender_under_test(
        policy, ground, name=name, system=settings.get("system"), batch_size=batch_size
    )
    chosen = _settings(subject, expansion, world=played, **settings)
    folder = Path(out) if out is not None else Path("runs/bench") / folder_name(subject.name)
    run = measure(
        subject,
        chosen,
        folder,
        attacker=None
        if attacker is None
        else attacker_under_test(
            attacker, ground, template=attacker_template, batch_size=batch_size
        ),
        world=ground,
        resume=resume,
        progress=progress,
    )
    return Loaded(run)


class Plan(NamedTuple):
    """What `evaluate` would ask."""

    questions: pd.DataFrame
    """One row per suite and decoding: `suite`, `decoding`, `questions`, `prompt_tokens` and, at
    most, `answer_tokens`; NaN where nobody knows before."""
    judging: pd.DataFrame
    """One row per judge that asks a model, and suite: `judge`, `suite`, `calls`, and tokens."""


def plan(
    policy: str,
    *,
    attacker: str | None = None,
    suites: Iterable[str] | None = None,
    **settings: Any,
) -> Plan:
    """What `evaluate` would ask with these settings; nothing is asked.

    Tokens are counted by the model's own tokenizer where its folder is on this machine, else by a
    rule, see `sectow_benchmarks.evaluation.cost`.
    """
    import pandas as pd

    from sectow_benchmarks.results.attack_packs import AttackPack

    expansion, played, world = _chosen(
        policy, settings.pop("world", None), suites, settings.pop("tasks", ())
    )
    # A model is not loaded for this.
    subject = defender_under_test(policy, world, system=settings.get("system"))
    chosen = _settings(subject, expansion, world=played, **settings)
    world = world if played is not None else ground_of(None)
    pack = AttackPack.read(Path(chosen.attacks)) if chosen.attacks else None
    units = units_of(
        chosen, world, prefilled=subject.prefilled, attacked=attacker is not None, pack=pack
    )
    weights = weights_of(subject.policy)
    count = counter(None if weights is None else weights.source) or by_rule
    tokens = ["prompt_tokens", "answer_tokens"]
    return Plan(
        pd.DataFrame(
            planned(chosen, units, count), columns=["suite", "decoding", "questions", *tokens]
        ),
        pd.DataFrame(judged(chosen, world, units), columns=["judge", "suite", "calls", *tokens]),
    )


def load_run(path: str | Path, *, judge: str | None = None) -> Loaded:
    """Read a finished evaluation.

    Args:
        path: Its folder.
        judge: Id and version of another judge that looked at it; default: the evaluation's own.

    Raises:
        RunFolderError: There is none, or it is unfinished or damaged.
    """
    run = EvaluationRun.open(Path(path))
    loaded = Loaded(run if judge is None else run.judged_by(judge))
    _ = loaded.samples
    return loaded


def compare(before: Loaded, after: Loaded) -> pd.DataFrame:
    """Paired changes from one evaluation to another, on the items that both were asked.

    What a trained attacker got is left out where the two met different ones.

    Returns:
        One row a figure and decoding: `figure`, `title`, `suite`, `decoding`, `better`, `before`,
        `after`, `change` with `low` and `high`, `n`, `clusters`, `missing` and `method` (how that
        interval is made: `stats.METHODS`), `gained`, `lost` and `p` (exact McNemar, items taken for
        independent), `p_holm` (Holm's over all rows with a pair), and `retention` of a capability
        (`kept`, `lost`, `undecided` within 0.03).

    Raises:
        ConfigError: They differ in judge, world, items or decoding, or share no figure.
    """
    import pandas as pd

    changed = differences(before.run, after.run)
    if changed:
        raise ConfigError(
            given=f"{before.run.path} and {after.run.path}",
            why=f"they differ in their {'; '.join(changed)}",
            fix="measure both with the same world, judge and settings",
        )
    measured_before = {(figure.key, way) for figure, way in figures_of(before.samples)}
    # Attacks of another attacker are other items, though their scenarios are the same.
    apart = () if before.about.get("attacker") == after.about.get("attacker") else OF_AN_ATTACKER
    shared = [
        (figure, way)
        for figure, way in figures_of(after.samples)
        if (figure.key, way) in measured_before and figure.suite not in apart
    ]
    if not shared:
        raise ConfigError(
            given=f"{before.run.path} and {after.run.path}",
            why="they have no figure in common",
            fix="measure some of the same suites in both",
        )
    rows = [_compared(figure, way, before, after) for figure, way in shared]
    adjusted = holm({str(number): row["p"] for number, row in enumerate(rows)})
    return pd.DataFrame(rows).assign(p_holm=list(adjusted.values()))


def _compared(figure: Figure, way: str, before: Loaded, after: Loaded) -> dict[str, Any]:
    change = figure.change(after.samples, before.samples, way)
    old, new = (
        figure.select(run.samples, way).drop_duplicates("item").set_index("item")
        for run in (before, after)
    )
    both = new.index.intersection(old.index)
    test = mcnemar(figure.values(new.loc[both]), figure.values(old.loc[both]))
    capability = figure.suite in CAPABILITIES or figure.where.get("role") == "capability"
    held = capability and figure.better == "higher"
    return {
        **_named(figure, way),
        "before": figure.estimate(before.samples, way).value,
        "after": figure.estimate(after.samples, way).value,
        "change": change.value,
        **{name: getattr(change, name) for name in COLUMNS if name != "value"},
        "gained": test.gained,
        "lost": test.lost,
        # Without a pair there was no test, and none to correct for.
        "p": test.p if test.n else math.nan,
        "retention": retention(change).verdict if held else "",
    }


def _named(figure: Figure, way: str) -> dict[str, str]:
    return {
        "figure": figure.key,
        "title": figure.title,
        "suite": figure.suite,
        "decoding": way,
        "better": figure.better,
    }


def _estimated(estimate: Estimate) -> dict[str, Any]:
    return {name: getattr(estimate, name) for name in COLUMNS}


def _name_of(given: str | World, world: World) -> str:
    return given if isinstance(given, str) else str(getattr(world, "name", world.id))


def _chosen(
    policy: object,
    given: str | World | None,
    suites: Iterable[str] | None,
    tasks: Iterable[str],
) -> tuple[Expansion, str | None, World]:
    """What is asked; the world of it, if it has one; and where the policy is built."""
    world = home_of(policy) if given is None else given
    default = (QUICK,) if world is None else SUITES
    expansion = _expansion(default if suites is None else suites, tasks)
    own = any(name in SUITES for name in expansion.suites)
    if own and world is None:
        world = BUILT_IN
    if world is None:
        return expansion, None, ground_of(None)
    ground = load_world(world, allow_import_path=True)
    return expansion, _name_of(world, ground) if own else None, ground


def _expansion(names: Iterable[str], tasks: Iterable[str]) -> Expansion:
    """What is asked, the suites of the measured world first."""
    expansion = expand(names, tasks)
    others = tuple(name for name in expansion.suites if name not in SUITES)
    own = tuple(name for name in SUITES if name in expansion.suites)
    return expansion._replace(suites=(*own, *others))


def _settings(subject: DefenderUnderTest, expansion: Expansion, **settings: Any) -> MeasureSettings:
    """Settings with what the defender can be asked; a note names what is left out."""
    kept = expansion if subject.likelihoods else expansion.generative()
    before, after = ((*each.tasks, *each.mini_tasks) for each in (expansion, kept))
    left_out = [task for task in before if task not in after]
    if left_out:
        note(f"{subject.name} has no likelihoods: without {', '.join(left_out)}")
    return MeasureSettings(
        **settings,
        suites=kept.suites,
        tasks=kept.tasks,
        mini_tasks=kept.mini_tasks,
        groups=kept.groups,
    )
