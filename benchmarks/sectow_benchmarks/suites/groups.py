"""From the names of suites and groups to what is asked: specs of suites, and tasks of lm-eval."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sectow_benchmarks.suites.about import About
from sectow_benchmarks.suites.base import Role
from sectow_benchmarks.suites.group_table import GROUPS, Part, parts_of
from sectow_benchmarks.suites.registry import card_of, check_suite_names
from sectow_benchmarks.suites.revisions import FOREIGN
from sectow_benchmarks.suites.source import data_home
from sectow_env.errors import ConfigError
from sectow_env.registry.spec import SEPARATOR, parse_spec

LIKELIHOODS = frozenset(
    task.name for group in GROUPS.values() for task in group.tasks if task.likelihoods
)
"""Tasks of the groups that only a model with likelihoods can answer."""


class Expansion(NamedTuple):
    """What names of suites and groups stand for."""

    suites: tuple[str, ...]
    """Specs of suites, each item of them once."""
    tasks: tuple[str, ...]
    """Tasks of lm-eval that are asked whole."""
    mini_tasks: tuple[str, ...]
    """Those of which the mini is asked."""
    groups: tuple[str, ...]
    """The groups that were named."""
    optional: frozenset[str]
    """Tasks that nothing but a group names: a model that has no likelihoods goes without."""

    def generative(self) -> Expansion:
        """Without the tasks of groups that need likelihoods."""
        left_out = self.optional & LIKELIHOODS
        tasks, minis = (
            tuple(name for name in names if name not in left_out)
            for names in (self.tasks, self.mini_tasks)
        )
        return self._replace(tasks=tasks, mini_tasks=minis)


def expand(names: Iterable[str], tasks: Iterable[str] = ()) -> Expansion:
    """What suites and groups stand for; no data are read.

    Of a suite that several names stand for, whole beats mini, and a suite whose roles are all
    asked is named without one. What a spec sets beside role and mini, such as `path`, also counts
    for the suite as a member of a group.

    Args:
        names: Of groups, specs of suites, `lm_eval/TASK` and `lm_eval/TASK?mini=true`.
        tasks: Tasks of lm-eval that are asked whole.

    Raises:
        UnknownNameError: A suite is not known.
        ConfigError: Suites are not on this machine, or two specs contradict each other.
    """
    given = tuple(dict.fromkeys(names))
    check_suite_names(given)
    suites: dict[str, list[_Suite]] = {}
    foreign = [_Task(name, mini=False, grouped=False) for name in tasks]
    for name in given:
        parts = parts_of(name)
        for member in (each for part in parts for each in _members(part)):
            suites.setdefault(member.name, []).append(member)
        foreign += [_Task(task.name, mini, True) for group, mini in parts for task in group.tasks]
        if name.startswith(FOREIGN):
            foreign.append(_task(name))
        elif not parts:
            # A suite that is not of the field is what its spec says, and no part of another.
            member = _suite(name)
            suites.setdefault(name if member.about is None else member.name, []).append(member)
    specs = tuple(spec for members in suites.values() for spec in _specs(members))
    _check_here(specs)
    whole = tuple(dict.fromkeys(task.name for task in foreign if not task.mini))
    minis = tuple(dict.fromkeys(task.name for task in foreign if task.name not in whole))
    named = {task.name for task in foreign if not task.grouped}
    groups = tuple(name for name in given if parts_of(name))
    return Expansion(specs, whole, minis, groups, frozenset({*whole, *minis} - named))


class _Task(NamedTuple):
    name: str
    mini: bool
    grouped: bool


class _Suite(NamedTuple):
    """A suite that some name stands for."""

    name: str
    spec: str
    about: About | None
    """Its card; None for a suite that is not of the field."""
    roles: tuple[Role, ...]
    mini: bool
    settings: Mapping[str, object]
    """Those beside role and mini."""


def _members(part: Part) -> Iterator[_Suite]:
    check_suite_names(part.group.suites)
    for name in part.group.suites:
        yield _Suite(name, name, card_of(name), (part.group.role,), part.mini, {})


def _suite(spec: str) -> _Suite:
    name, settings = parse_spec(spec)
    about = card_of(name)
    if about is None:
        return _Suite(name, spec, None, (), False, settings)
    if not isinstance(settings.get("mini", False), bool):
        # As it was written, for the suite to refuse.
        return _Suite(name, spec, None, (), False, settings)
    role, mini = settings.pop("role", None), bool(settings.pop("mini", False))
    # A role that it does not have is refused when the suite is built.
    roles = about.roles if role is None else (str(role),)
    return _Suite(name, spec, about, roles, mini, settings)  # type: ignore[arg-type]  # as above


def _task(name: str) -> _Task:
    task, settings = parse_spec(name.removeprefix(FOREIGN))
    mini = settings.pop("mini", False)
    if settings or not isinstance(mini, bool):
        raise ConfigError(
            given=f"the suite {name!r}",
            why="of a task of lm-eval nothing can be set here but mini=true",
            fix=f"write {FOREIGN}{task} or {FOREIGN}{task}?mini=true",
        )
    return _Task(task, mini, grouped=False)


def _specs(members: Sequence[_Suite]) -> Iterator[str]:
    """One suite's specs: that of its whole roles, and that of those asked as a mini only."""
    (first, *others) = members
    if first.about is None or (not others and first.spec != first.name):
        yield first.spec
        return
    settings: dict[str, object] = {}
    for member in members:
        for key, value in member.settings.items():
            if settings.setdefault(key, value) != value:
                raise ConfigError(
                    given=" and ".join(each.spec for each in members if key in each.settings),
                    why=f"they name one suite with two values of {key}",
                    fix="name the suite once",
                )
    whole = {role for member in members if not member.mini for role in member.roles}
    minis = {role for member in members for role in member.roles} - whole
    for roles, mini in ((whole, {}), (minis, {"mini": True})):
        if roles >= set(first.about.roles):
            yield _written(first.name, {**mini, **settings})
        else:
            for role in sorted(roles):
                yield _written(first.name, {"role": role, **mini, **settings})


def _written(name: str, settings: Mapping[str, object]) -> str:
    """What `parse_spec` reads back."""
    pairs = (f"{key}={_text(value)}" for key, value in settings.items())
    return name + (SEPARATOR + "&".join(pairs) if settings else "")


def _text(value: object) -> str:
    plain = str(value).replace("%", "%25").replace("&", "%26")
    # A text that would be read as a number, or as another value, goes into quotes.
    if isinstance(value, str) and parse_spec(f"suite?key={plain}").settings["key"] == value:
        return plain
    return json.dumps(value).replace("%", "%25").replace("&", "%26")


def _check_here(specs: Iterable[str]) -> None:
    """Raise one error for all suites of the field that are not on this machine."""
    missing = []
    for name, settings in map(parse_spec, specs):
        absent = settings.get("path") is None and not (data_home() / name).is_dir()
        if absent and card_of(name) is not None:
            missing.append(name)
    if missing:
        names = tuple(dict.fromkeys(missing))
        raise ConfigError(
            given=f"the suites {', '.join(names)}",
            why=f"their data are not on this machine: {data_home()} has no folder of these names",
            fix=f"run sectow suites get {' '.join(names)}, or name copies of your own: "
            f"{names[0]}?path=FOLDER",
        )
