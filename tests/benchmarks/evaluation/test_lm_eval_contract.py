"""What we rely on in lm-eval beyond its interface: an upgrade that breaks it shows here."""

from __future__ import annotations

import inspect
import itertools
from pathlib import Path
from typing import Any

import pytest
from lm_eval import evaluator
from lm_eval.api.instance import Instance
from lm_eval.models.hf_vlms import DEFAULT_IMAGE_PLACEHOLDER
from lm_eval.models.huggingface import HFLM
from lm_eval.models.utils import normalize_gen_kwargs

from sectow_agents.models.chat_model import LocalModel
from sectow_benchmarks.evaluation.lm_eval_request import TOKENS
from sectow_benchmarks.evaluation.lm_eval_session import hushed, pictures_left_alone, task_manager
from sectow_benchmarks.suites.selection import Selection
from sectow_benchmarks.tasks.documents import PLACEHOLDER
from tests.benchmarks.evaluation.foreign_pack import write_tasks
from tests.benchmarks.scripted import DocumentLM, ideal

SELECTION = Selection(per_cell=1, per_kind=1)
TASKS = ["apothecary_safety_image"]


def test_pictures_in_samples_are_hashed_only_where_the_switch_says_so() -> None:
    assert "LMEVAL_HASHMM" in inspect.getsource(evaluator.evaluate)
    before = evaluator.LMEVAL_HASHMM
    with pictures_left_alone():
        assert evaluator.LMEVAL_HASHMM is False
    assert before == evaluator.LMEVAL_HASHMM, "it is put back"


def requests(folder: Path, name: str) -> list[Instance]:
    """What lm-eval makes of a task, with our chats."""
    with hushed():
        task = task_manager([name], [folder]).load([name])["tasks"][name]
        task.set_config(key="num_fewshot", value=0)
        task.build_all_requests(
            apply_chat_template=True,
            chat_template=DocumentLM(ideal).apply_chat_template,
            tokenizer_name="",
        )
    return list(task.instances)


def test_requests_have_the_arguments_that_we_read(tmp_path: Path) -> None:
    write_tasks(tmp_path)
    choice = requests(tmp_path, "cows_choice")
    assert [len(request.args) for request in choice] == [2] * 6
    assert {request.request_type for request in choice} == {"loglikelihood"}
    assert choice[0].args[1] == "water", "no delimiter after a chat"
    assert next(request.args for request in requests(tmp_path, "cows_rolling")) == (
        "what do cows drink",
    )
    context, settings, shown = requests(tmp_path, "pairs")[0].args
    assert context.count(PLACEHOLDER) == len(shown["visual"]) == 2
    assert settings["max_gen_toks"] == 4
    assert DEFAULT_IMAGE_PLACEHOLDER == PLACEHOLDER


def test_settings_mean_what_we_take_them_for() -> None:
    for first, second in itertools.pairwise(TOKENS):
        assert normalize_gen_kwargs({second: 2, first: 1})["max_gen_toks"] == 1
    assert normalize_gen_kwargs({"do_sample": False, "temperature": 1})["temperature"] == 0.0
    assert normalize_gen_kwargs({"temperature": 0.5})["do_sample"] is True
    assert normalize_gen_kwargs({})["do_sample"] is False


def test_a_users_task_goes_before_one_of_the_same_name_in_an_earlier_folder(
    tmp_path: Path,
) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
        write_tasks(folder)
    entry: Any = task_manager(["cows_choice"], folders).task_index["cows_choice"]
    assert entry.yaml_path.parent == folders[1]


def test_lm_evals_model_takes_ours_as_it_is_and_shows_it_text_only(
    organism_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = LocalModel(organism_folder).generator
    calls: list[tuple[int, set[str]]] = []
    forward = generator.model.forward

    def spy(*args: Any, **kwargs: Any) -> Any:
        calls.append((len(args), set(kwargs)))
        return forward(*args, **kwargs)

    monkeypatch.setattr(generator.model, "forward", spy)
    with hushed():
        theirs = HFLM(pretrained=generator.model, tokenizer=generator.processor.tokenizer)
        theirs.loglikelihood([Instance("loglikelihood", {}, ("the potion", " is"), 0)])
    assert theirs.model is generator.model
    assert calls == [(1, set())]
