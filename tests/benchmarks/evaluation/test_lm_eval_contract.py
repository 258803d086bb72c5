"""What we rely on in lm-eval beyond its interface: an upgrade that breaks it shows here."""

from __future__ import annotations

import inspect

from lm_eval import evaluator
from lm_eval.api.task import ConfigurableTask, Task

from sectow_benchmarks.evaluation.lm_eval_session import Session
from sectow_benchmarks.suites.selection import Selection
from sectow_benchmarks.tasks.documents import ITEMS
from tests.benchmarks.scripted import Document, DocumentLM, ideal

SELECTION = Selection(per_cell=1, per_kind=1)
TASKS = ["apothecary_safety_image"]


def test_pictures_in_samples_are_hashed_only_where_the_switch_says_so() -> None:
    source = inspect.getsource(evaluator.evaluate)
    assert "LMEVAL_HASHMM" in source
    before = evaluator.LMEVAL_HASHMM
    session = Session.load(TASKS, SELECTION, {"do_sample": False})
    during: list[bool] = []

    def answer(document: Document, seed: int) -> str:
        during.append(evaluator.LMEVAL_HASHMM)
        return ideal(document, seed)

    answered = session.ask(DocumentLM(answer))
    assert set(during) == {False}
    assert before == evaluator.LMEVAL_HASHMM, "it is put back"
    assert answered.documents
    assert not any("image" in document for document, _ in answered.documents)


def test_documents_may_be_a_list() -> None:
    session = Session.load(TASKS, SELECTION, {"do_sample": False})
    (task,) = session.tasks.values()
    assert isinstance(task, ConfigurableTask)
    plain = list(task.dataset[ITEMS])
    session.ask(DocumentLM(ideal))
    assert isinstance(task.dataset[ITEMS], list)
    assert task.eval_docs == task.dataset[ITEMS]
    assert [{**row, "image": row["image"].tobytes()} for row in task.eval_docs] == [
        {**row, "image": row["image"].tobytes()} for row in plain
    ]
    pictures = {id(row["image"]) for row in task.eval_docs}
    assert len(pictures) == len({row["picture"] for row in plain}) < len(plain)
    assert isinstance(inspect.getattr_static(Task, "eval_docs"), property)


def test_a_limit_takes_the_first_documents() -> None:
    whole = Session.load(TASKS, SELECTION, {"do_sample": False})
    some = Session.load(TASKS, SELECTION, {"do_sample": False}, 3)
    asked = [document["item"] for document, _ in some.ask(DocumentLM(ideal)).documents]
    assert asked == [row["item"] for row in whole.documents()][:3]
    assert [row["item"] for row in some.documents()] == asked
    assert some.requests == 3
