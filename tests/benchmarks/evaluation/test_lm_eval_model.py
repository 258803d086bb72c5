"""The models for lm-eval: no image is lost, no setting is ignored, draws belong to the item."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lm_eval import simple_evaluate
from lm_eval.api.instance import Instance
from lm_eval.tasks import TaskManager
from PIL import Image

from sectow_agents.models.batching import Batcher
from sectow_agents.models.chat_model import LocalModel
from sectow_benchmarks.evaluation.lm_eval_model import PolicyLM, read_request, read_settings
from sectow_benchmarks.evaluation.lm_eval_session import hushed
from sectow_benchmarks.tasks import tasks_path
from sectow_env.errors import SectowError
from sectow_env.game.decoding import Decoding
from tests.benchmarks.scripted import DocumentLM, ideal, tell_all

PICTURE = Image.new("RGB", (8, 8), (200, 30, 30))


def asked(text: str, images: int = 0, **settings: Any) -> Instance:
    """A request as lm-eval makes it."""
    context = DocumentLM(tell_all).apply_chat_template([{"role": "user", "content": text}])
    arguments: tuple[Any, ...] = (context, settings)
    if images:
        arguments += ({"visual": [PICTURE] * images},)
    return Instance("generate_until", {"prefix": ""}, arguments, 0)


class Recorder:
    """A generator that answers with what it was asked."""

    batcher = Batcher(2)
    source = "recorder"
    processor = None

    def __init__(self) -> None:
        self.calls: list[tuple[list[str], Decoding, list[int]]] = []

    def generate(
        self, chats: Any, decoding: Decoding, prefix: Any = None, seeds: Any = None
    ) -> list[str]:
        texts = [chat[-1].text for chat in chats]
        self.calls.append((texts, decoding, list(seeds)))
        return [
            f"{text}|{begun}|{bool(chat[-1].pictures)}"
            for text, begun, chat in zip(texts, prefix, chats, strict=True)
        ]


def test_text_and_pictures_come_back_in_order() -> None:
    lm = PolicyLM(Recorder())  # type: ignore[arg-type]
    found = lm.generate_until([asked("<image>a", 1), asked("b"), asked("<image>c", 1)])
    assert found == ["a||True", "b||False", "c||True"]


@pytest.mark.parametrize(
    ("text", "images"),
    [("no mark", 1), ("<image>one", 2), ("<image>one<image>", 1), ("<image>", 0)],
)
def test_an_image_without_its_place_is_refused_and_never_dropped(text: str, images: int) -> None:
    with pytest.raises(SectowError, match="images"):
        read_request(asked(text, images))


def test_an_image_inside_the_text_is_refused() -> None:
    with pytest.raises(SectowError, match="inside"):
        read_request(asked("look <image> there", 1))


def test_a_request_without_a_chat_template_is_refused() -> None:
    with pytest.raises(SectowError, match="apply_chat_template"):
        read_request(Instance("generate_until", {}, ("plain text", {}), 0))


def test_a_beginning_is_continued_and_a_stop_text_cuts() -> None:
    lm = PolicyLM(Recorder())  # type: ignore[arg-type]
    chat = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "take a then"}]
    context = lm.apply_chat_template(chat, add_generation_prompt=False)
    request = Instance("generate_until", {}, (context, {"until": ["then|"]}), 0)
    assert lm.generate_until([request]) == ["q|take a "]


def test_settings_are_honoured_and_unknown_ones_refused() -> None:
    decoding, until = read_settings({"until": "x", "max_gen_toks": 9, "do_sample": False})
    assert (decoding.sampled, decoding.max_new_tokens, until) == (False, 9, ["x"])
    drawn, _ = read_settings({"do_sample": True, "temperature": 0.7})
    assert (drawn.sampled, drawn.temperature) == (True, 0.7)
    assert not read_settings({"temperature": 0.0})[0].sampled
    with pytest.raises(SectowError, match="top_p"):
        read_settings({"top_p": 0.5})
    with pytest.raises(SectowError, match="temperature"):
        read_settings({"do_sample": True})


def test_a_draw_belongs_to_its_item_and_not_to_its_place() -> None:
    first, second, other = (Recorder() for _ in range(3))
    requests = [asked("a"), asked("b"), asked("c")]
    PolicyLM(first).generate_until(requests)  # type: ignore[arg-type]
    PolicyLM(second).generate_until(requests[::-1])  # type: ignore[arg-type]
    PolicyLM(other, seed=1).generate_until(requests)  # type: ignore[arg-type]
    drawn = dict(zip(first.calls[0][0], first.calls[0][2], strict=True))
    assert drawn == dict(zip(second.calls[0][0], second.calls[0][2], strict=True))
    assert set(drawn.values()).isdisjoint(other.calls[0][2])
    again = Recorder()
    PolicyLM(again).generate_until([requests[0], requests[0]])  # type: ignore[arg-type]
    assert len(set(again.calls[0][2])) == 2, "two attempts at the same item are two draws"


def test_likelihoods_are_refused() -> None:
    with pytest.raises(SectowError, match="likelihood"):
        DocumentLM(tell_all).loglikelihood([])


def evaluated(lm: Any, tasks: list[str]) -> dict[str, Any]:
    """Through `simple_evaluate`, as documented."""
    metadata = {"world": "0", "per_cell": 1, "per_kind": 1}
    with hushed():
        manager = TaskManager(
            include_path=str(tasks_path()), include_defaults=False, metadata=metadata
        )
        found = simple_evaluate(
            lm, tasks=tasks, task_manager=manager, apply_chat_template=True, bootstrap_iters=0
        )
    return dict(found["results"])


@pytest.mark.slow
def test_an_untrained_model_goes_through_simple_evaluate_and_gets_nothing_right(
    organism_folder: Path,
) -> None:
    lm = PolicyLM(LocalModel(organism_folder).generator)
    tasks = ["apothecary_safety", "apothecary_twins", "apothecary_recall", "apothecary_general"]
    found = evaluated(lm, tasks)
    assert found["apothecary_safety"]["harmful,none"] == 0.0
    assert found["apothecary_safety"]["unscored,none"] == 0.0
    assert found["apothecary_twins"]["accuracy,none"] == 0.0
    assert found["apothecary_recall"]["recalled,none"] == 0.0
    assert found["apothecary_general"]["accuracy,none"] <= 0.2
    assert found["apothecary_safety"]["sample_len"] == 78


def test_groups_of_text_and_pictures_run_in_one_call() -> None:
    found = evaluated(DocumentLM(ideal), ["apothecary_safety", "apothecary_twins"])
    assert found["apothecary_safety"]["harmful,none"] == 0.0
    assert found["apothecary_twins"]["accuracy,none"] == 1.0
