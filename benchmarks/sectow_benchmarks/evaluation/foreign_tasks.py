"""Tasks of others: any task that lm-eval knows, or that a user wrote for it, asked of a model."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from sectow_benchmarks.evaluation.lm_eval_request import read_settings
from sectow_benchmarks.evaluation.lm_eval_session import (
    KEPT,
    draws_of_its_own,
    hushed,
    pictures_left_alone,
    task_manager,
)
from sectow_benchmarks.suites.choice import chosen
from sectow_benchmarks.suites.group_table import MINI_DOCUMENTS
from sectow_benchmarks.suites.revisions import FOREIGN
from sectow_env.errors import ConfigError, at_fault, unknown
from sectow_env.game import Attack, Episode, Frozen, Price, Scenario, Turn, Verdict
from sectow_env.game.decoding import Decoding

if TYPE_CHECKING:
    from sectow_benchmarks.evaluation.lm_eval_model import ChatLM

MAIN = ("relaxed_accuracy", "acc", "exact_match", "prompt_level_strict_acc")
"""Metrics that say of each document whether it was right, the first that a task has.

ChartQA is reported by its relaxed accuracy, IFEval by whole prompts, strictly."""


class ForeignSettings(Frozen):
    """How foreign tasks are asked."""

    include: tuple[Path, ...] = ()
    """Folders with a user's tasks; one of them goes before a task of lm-eval of the same name."""
    limit: int = Field(default=0, ge=0)
    """Documents of each task; 0 asks all."""
    fewshot: int | None = Field(default=None, ge=0)
    """Examples before each question; None leaves it to the task. A task that allows none gets
    none."""
    system: str | None = None
    """System prompt."""
    chat: bool = True
    """Whether questions are put as chats. Texts can be generated in chats only; likelihoods also
    follow plain text, as they are usually reported for models that were not tuned for chats."""
    seed: int = 0
    """Of the choice of examples."""


class ForeignAnswer(Frozen):
    """One document of a task, with what came back."""

    document: str
    """Its number in the task."""
    prompt: str
    """As lm-eval put it: plain text, or a chat as JSON."""
    response: str
    """What was generated, or the likeliest continuation; empty where a whole text was rated."""
    correct: bool | None
    """By the task's main metric; None where it has none of 0 and 1 for each document."""
    metrics: Mapping[str, float]
    """All numbers that the task has for this document."""


class ForeignResult(Frozen):
    """One task, or one group of tasks, whose answers are those of its tasks."""

    task: str
    metric: str | None
    """The main metric with its filter, such as `exact_match,none`."""
    answers: tuple[ForeignAnswer, ...]
    results: Mapping[str, Any]
    """lm-eval's own aggregates, versions and counts."""
    sampled: bool = False
    """Whether the task's answers are drawn at random."""

    @property
    def suite(self) -> str:
        """What its samples are called."""
        return f"{FOREIGN}{self.task}"

    def episodes(self) -> list[Episode]:
        """The answers as benign questions with lm-eval's verdict, for the rows of an evaluation.

        Questions of one document are not independent: it is the cluster.
        """
        version = str(self.results.get("versions"))
        return [
            _episode(self.task, answer, f"{self.suite}/{self.metric}", version)
            for answer in self.answers
        ]


@dataclass(frozen=True)
class ForeignTasks:
    """Loaded tasks, ready to be asked."""

    loaded: Any
    settings: ForeignSettings
    minis: Mapping[str, int] = field(default_factory=dict)
    """Documents of each task of which the mini is asked."""

    @classmethod
    def load(
        cls, names: Sequence[str], settings: ForeignSettings, *, minis: Sequence[str] = ()
    ) -> ForeignTasks:
        """Build tasks with their data.

        Args:
            names: Of tasks, groups and tags, or paths of YAML files.
            settings: How they are asked.
            minis: Tasks and groups of which the mini is asked, unless `names` has them too.

        Raises:
            UnknownNameError: A task is not known.
            ConfigError: A task executes what the model writes.
            PartError: A task or its data cannot be loaded.
        """
        with draws_of_its_own(settings.seed):
            return cls._load(names, settings, minis)

    @classmethod
    def _load(
        cls, names: Sequence[str], settings: ForeignSettings, minis: Sequence[str]
    ) -> ForeignTasks:
        loaded = _load([*names, *(name for name in minis if name not in names)], settings)
        whole = {task for name in names for task in _tasks_of(loaded, name)}
        sizes: dict[str, int] = {}
        for name in minis:
            tasks = _tasks_of(loaded, name)
            if not tasks:
                raise unknown("task or group of lm-eval that has a mini", name, loaded["tasks"])
            sizes |= {task: mini_size(len(tasks)) for task in tasks if task not in whole}
        return cls(loaded, settings, sizes)

    def counts(self) -> dict[str, int]:
        """Documents that are asked, by suite."""
        return {FOREIGN + name: len(numbers) for name, numbers in self._documents.items()}

    @cached_property
    def _documents(self) -> dict[str, Sequence[int]]:
        """The numbers of the documents that are asked, by task, in order."""
        documents: dict[str, Sequence[int]] = {}
        for name, task in self.loaded["tasks"].items():
            numbers: Sequence[int] = range(len(task.eval_docs))
            if name in self.minis:
                numbers = mini_documents(name, len(numbers), self.minis[name])
            documents[name] = numbers[: self.settings.limit or None]
        return documents

    def longest(self) -> dict[str, int]:
        """Most tokens of an answer, by suite; of tasks that rate texts none is generated."""
        return {
            FOREIGN + name: _settings_of(task).max_new_tokens if _generates(task) else 0
            for name, task in self.loaded["tasks"].items()
        }

    def check(self, lm: ChatLM) -> None:
        """Raises ConfigError for a model that cannot answer some of the tasks; names them all."""
        rating = [name for name, task in self.loaded["tasks"].items() if not _generates(task)]
        if rating and not lm.likelihoods:
            raise lm.generates_only(f"the tasks {', '.join(rating)}")

    def ask(self, lm: ChatLM) -> list[ForeignResult]:
        """Put the tasks to a model, quietly and without touching global seeds.

        Returns:
            A result per task and per group, in lm-eval's order.

        Raises:
            ConfigError: The model cannot answer a task.
        """
        from lm_eval import evaluate

        self.check(lm)
        with hushed(), pictures_left_alone(), draws_of_its_own(self.settings.seed):
            report = evaluate(
                lm=lm,
                task_dict=self.loaded,
                bootstrap_iters=0,
                # It takes a limit or these, and none of these for all documents.
                samples=self._documents,
                apply_chat_template=self.settings.chat,
                fewshot_as_multiturn=self.settings.chat,
                system_instruction=self.settings.system,
            )
        results = []
        for name in report["results"]:
            kept = {key: report[key][name] for key in KEPT if name in (report.get(key) or {})}
            samples = report["samples"].get(name, [])
            task = self.loaded["tasks"][name] if samples else None
            results.append(_result(name, task, samples, kept))
        return results


def mini_size(tasks: int) -> int:
    """Documents of each task of a mini, which the tasks of a group share equally."""
    return math.ceil(MINI_DOCUMENTS / max(1, tasks))


def mini_documents(task: str, count: int, size: int) -> tuple[int, ...]:
    """The documents of a task's mini: the same for everybody who has the same data.

    Those with the lowest digests of task and number, in the task's order.
    """
    return tuple(sorted(map(int, chosen((("", str(each)) for each in range(count)), size, task))))


def _episode(task: str, answer: ForeignAnswer, judge: str, version: str) -> Episode:
    scenario = Scenario(
        id=answer.document,
        behavior=task,
        harmful=False,
        split="test",
        cluster=answer.document,
        # In the digest of the question: another version of a task is another question.
        meta={"version": version},
    )
    attack = Attack(query=_without_system(answer.prompt))
    turn = Turn(scenario=scenario, attack=attack, response=answer.response)
    verdict = Verdict(judge=judge, version=version, correct=answer.correct)
    return Episode(scenario=scenario, turns=(turn,), verdicts=(verdict,), price=Price())


def _without_system(prompt: str) -> str:
    """The question alone: with and without a system prompt, a defender is asked the same."""
    try:
        read = json.loads(prompt)
        chat = [message for message in read["chat"] if message["role"] != "system"]
    except (ValueError, TypeError, KeyError):
        return prompt
    return json.dumps({**read, "chat": chat})


def _load(tasks: Sequence[str], settings: ForeignSettings) -> Any:
    with hushed():
        manager = task_manager(tasks, settings.include)
        for name in tasks:
            if name not in manager.task_index and not Path(name).is_file():
                raise unknown("task of lm-eval", name, manager.all_tasks)
        with at_fault(f"the tasks {', '.join(tasks)}"):
            loaded = manager.load(list(tasks))
    for name, task in loaded["tasks"].items():
        if getattr(task, "UNSAFE_CODE", False):
            raise ConfigError(
                given=f"the task {name!r}",
                why="it executes what the model writes on this machine",
                fix="choose another task, or run it with lm-eval in a sandbox",
            )
        own = task.get_config("num_fewshot")
        if own is None or (settings.fewshot is not None and own != 0):
            task.set_config(key="num_fewshot", value=settings.fewshot or 0)
        task.set_fewshot_seed(seed=settings.seed)
    return loaded


def _tasks_of(loaded: Any, name: str) -> list[str]:
    """The tasks that a name stands for: those of a group, or itself."""
    group = loaded["groups"].get(name)
    if group is None:
        return [name] if name in loaded["tasks"] else []
    return [task.task_name for task in group.get_all_tasks()]


def _result(
    name: str, task: Any, samples: Sequence[Mapping[str, Any]], kept: Mapping[str, Any]
) -> ForeignResult:
    # A task with several filters has all its documents once for each: the first counts.
    first = samples[0]["filter"] if samples else ""
    documents = [sample for sample in samples if sample["filter"] == first]
    numbers = [_numbers(sample) for sample in documents]
    main = next((name for name in MAIN if _is_binary(name, numbers)), None)
    output = "" if task is None else task.OUTPUT_TYPE
    return ForeignResult(
        task=name,
        metric=None if main is None else f"{main},{first}",
        answers=tuple(
            ForeignAnswer(
                document=str(sample["doc_id"]),
                prompt=str(sample["arguments"][0][0]),
                response=_response(output, sample),
                correct=None if main is None else bool(metrics[main]),
                metrics=metrics,
            )
            for sample, metrics in zip(documents, numbers, strict=True)
        ),
        results=kept,
        sampled=task is not None and _generates(task) and _settings_of(task).sampled,
    )


def _generates(task: Any) -> bool:
    return bool(task.OUTPUT_TYPE == "generate_until")


def _settings_of(task: Any) -> Decoding:
    return read_settings(task.get_config("generation_kwargs") or {})[0]


def _numbers(sample: Mapping[str, Any]) -> dict[str, float]:
    values = {name: sample[name] for name in sample["metrics"]}
    return {name: float(value) for name, value in values.items() if isinstance(value, int | float)}


def _is_binary(name: str, numbers: Iterable[Mapping[str, float]]) -> bool:
    values = {metrics.get(name) for metrics in numbers}
    return bool(values) and values <= {0.0, 1.0}


def _response(output: str, sample: Mapping[str, Any]) -> str:
    answers = sample["filtered_resps"]
    if output == "generate_until":
        return str(answers[0])
    # Some metrics also ask for the continuation alone, after an empty text.
    rated = [
        (answer[0], arguments[1])
        for answer, arguments in zip(answers, sample["arguments"], strict=True)
        if len(arguments) > 1 and arguments[0]
    ]
    return str(max(rated)[1]).strip() if rated else ""
