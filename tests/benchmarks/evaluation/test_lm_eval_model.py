"""The models for lm-eval: no image is lost, no setting is ignored, draws belong to the item."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lm_eval import simple_evaluate
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from PIL import Image

from sectow_agents.models.batching import Batcher
from sectow_agents.models.chat_model import LocalModel
from sectow_benchmarks.evaluation.lm_eval_model import PolicyLM
from sectow_benchmarks.evaluation.lm_eval_request import read_request, read_settings, visuals
from sectow_benchmarks.evaluation.lm_eval_session import hushed
from sectow_benchmarks.tasks import tasks_path
from sectow_env.errors import SectowError
from sectow_env.game.decoding import Decoding
from tests.agents.tiny import idefics3, llava_next, organism
from tests.benchmarks.scripted import DocumentLM, ideal, tell_all

PICTURE = Image.new("RGB", (8, 8), (200, 30, 30))


def request(text: str, images: int = 0, **settings: Any) -> Instance:
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
            f"{text}|{beginning}|{bool(chat[-1].pictures)}"
            for text, beginning, chat in zip(texts, prefix or [""] * len(texts), chats, strict=True)
        ]


def test_text_and_pictures_come_back_in_order() -> None:
    lm = PolicyLM(LocalModel(Recorder()))  # type: ignore[arg-type]
    result = lm.generate_until([request("<image>a", 1), request("b"), request("<image>c", 1)])
    assert result == ["a||True", "b||False", "c||True"]


@pytest.mark.parametrize(
    ("text", "images"),
    [("no mark", 1), ("<image>one", 2), ("<image>one<image>", 1), ("<image>", 0)],
)
def test_an_image_without_its_place_is_refused_and_never_dropped(text: str, images: int) -> None:
    with pytest.raises(SectowError, match="images"):
        read_request(request(text, images))


def test_images_stand_at_their_places_in_the_message_that_shows_them() -> None:
    chat = [
        {"role": "user", "content": "what is this"},
        {"role": "assistant", "content": "a cow"},
        {"role": "user", "content": "<image>first, <image> second<image>"},
    ]
    context = DocumentLM(tell_all).apply_chat_template(chat)
    shown = [Image.new("RGB", (8, 8), (shade, 0, 0)) for shade in (1, 2, 3)]
    request = Instance("generate_until", {}, (context, {}, {"visual": shown}), 0)
    messages, prefix = read_request(request)
    assert [len(message.pictures) for message in messages] == [0, 0, 3]
    assert messages[-1].text == "first,  second"
    assert messages[-1].places == (0, 7, 14)
    assert [int(picture.pixels[0, 0, 0]) for picture in messages[-1].pictures] == [1, 2, 3]
    assert prefix == ""


def test_images_before_the_text_have_no_places_and_an_answer_shows_none() -> None:
    messages, _ = read_request(request("<image><image>text", 2))
    assert messages[0].places == ()
    chat = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": "<image>"},
        {"role": "user", "content": "r"},
    ]
    context = DocumentLM(tell_all).apply_chat_template(chat)
    with pytest.raises(SectowError, match="user"):
        read_request(Instance("generate_until", {}, (context, {}, {"visual": [PICTURE]}), 0))


def test_a_single_image_needs_no_list_and_sound_is_refused() -> None:
    single = Instance("generate_until", {}, ("", {}, {"visual": PICTURE}), 0)
    assert visuals(single) == [PICTURE]
    with pytest.raises(SectowError, match="sound"):
        visuals(Instance("generate_until", {}, ("", {}, {"audio": [b"la"]}), 0))


def test_a_request_without_a_chat_template_is_refused() -> None:
    with pytest.raises(SectowError, match="apply_chat_template"):
        read_request(Instance("generate_until", {}, ("plain text", {}), 0))


def test_a_beginning_is_continued_and_a_stop_text_cuts() -> None:
    lm = PolicyLM(LocalModel(Recorder()))  # type: ignore[arg-type]
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
    with pytest.raises(SectowError, match="temperature"):
        read_settings({"do_sample": True})
    with pytest.raises(SectowError, match="colour"):
        read_settings({"colour": "red"})


@pytest.mark.parametrize(
    "given",
    [
        {"num_beams": 1, "use_cache": True, "repetition_penalty": 1.0, "do_sample": False},
        {"do_sample": False, "temperature": 1, "top_p": 0.9, "top_k": 5},
        {"do_sample": True, "temperature": 1.0, "top_p": 1, "top_k": 0},
        {"top_p": None, "top_k": None},
    ],
)
def test_settings_that_change_nothing_are_taken(given: dict[str, Any]) -> None:
    decoding, _ = read_settings(given)
    assert decoding.sampled == (given.get("do_sample") is True)


@pytest.mark.parametrize(
    "given",
    [
        {"num_beams": 10},
        {"repetition_penalty": 1.2},
        {"do_sample": True, "temperature": 1.0, "top_p": 0.95},
        {"temperature": 0.5, "top_k": 50},
    ],
)
def test_settings_that_would_be_ignored_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(SectowError, match="draw") as caught:
        read_settings(given)
    assert list(given)[-1] in caught.value.given


@pytest.mark.parametrize("name", ["max_gen_toks", "max_new_tokens", "max_tokens"])
def test_the_longest_answer_goes_by_several_names(name: str) -> None:
    decoding, until = read_settings({name: 7, "until": ["a", "b"]})
    assert (decoding.max_new_tokens, until) == (7, ["a", "b"])


def test_a_draw_belongs_to_its_item_and_not_to_its_place() -> None:
    first, second, other = (Recorder() for _ in range(3))
    requests = [request("a"), request("b"), request("c")]
    PolicyLM(LocalModel(first)).generate_until(requests)  # type: ignore[arg-type]
    PolicyLM(LocalModel(second)).generate_until(requests[::-1])  # type: ignore[arg-type]
    PolicyLM(LocalModel(other), seed=1).generate_until(requests)  # type: ignore[arg-type]
    drawn = dict(zip(first.calls[0][0], first.calls[0][2], strict=True))
    assert drawn == dict(zip(second.calls[0][0], second.calls[0][2], strict=True))
    assert set(drawn.values()).isdisjoint(other.calls[0][2])
    again = Recorder()
    PolicyLM(LocalModel(again)).generate_until([requests[0], requests[0]])  # type: ignore[arg-type]
    assert len(set(again.calls[0][2])) == 2, "two attempts at the same item are two draws"


def likelihoods(lm: PolicyLM | HFLM, pairs: list[tuple[str, str]]) -> list[float]:
    requests = [Instance("loglikelihood", {}, pair, 0) for pair in pairs]
    return [value for value, _ in lm.loglikelihood(requests)]


@pytest.fixture(scope="module", params=[llava_next, idefics3, organism])
def policy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> PolicyLM:
    return PolicyLM(LocalModel(request.param(tmp_path_factory.mktemp("weights"))))


def test_likelihoods_are_lm_evals(policy: PolicyLM) -> None:
    processor = policy.generator.processor
    with hushed():
        theirs = HFLM(policy.generator.model, tokenizer=processor.tokenizer)
    pairs = [("the sky is", " blue"), ("the sky is", " green"), ("", "water"), ("a b", " c d e")]
    expected = likelihoods(theirs, pairs)
    assert likelihoods(policy, pairs) == pytest.approx(expected, abs=1e-5)
    chat = [{"role": "user", "content": "sky?"}, {"role": "assistant", "content": "it is"}]
    context = policy.apply_chat_template(chat, add_generation_prompt=False)
    blocks = [{"role": "user", "content": [{"type": "text", "text": "sky?"}]}]
    written = processor.apply_chat_template(blocks, add_generation_prompt=True) + "it is"
    ours = likelihoods(policy, [(context, " blue")])
    assert ours == pytest.approx(likelihoods(theirs, [(written, " blue")]), abs=1e-5)
    rolling = [Instance("loglikelihood_rolling", {}, (text,), 0) for text in ("a cow", "a cow")]
    result = policy.loglikelihood_rolling(rolling)
    assert result == pytest.approx(theirs.loglikelihood_rolling(rolling, True), abs=1e-5)


def test_a_shifted_continuation_has_another_likelihood(policy: PolicyLM) -> None:
    pairs = [("the potion is", " water"), ("the potion", " is water")]
    value, shifted = likelihoods(policy, pairs)
    assert value != pytest.approx(shifted, abs=1e-3)


def test_an_image_is_never_left_out_of_a_likelihood(policy: PolicyLM) -> None:
    request = Instance("loglikelihood", {}, ("a", "b", {"visual": [PICTURE]}), 0)
    with pytest.raises(SectowError, match="image"):
        policy.loglikelihood([request])


def test_lm_evals_model_leaves_our_tokenizer_alone(policy: PolicyLM) -> None:
    policy.loglikelihood([Instance("loglikelihood", {}, ("a", " b"), 0)])
    assert policy._hf.tokenizer is not policy.generator.processor.tokenizer
    assert policy._hf.model is policy.generator.model


def evaluated(lm: Any, tasks: list[str]) -> dict[str, Any]:
    """Through `simple_evaluate`, as documented."""
    metadata = {"world": "0", "per_cell": 1, "per_kind": 1}
    with hushed():
        manager = TaskManager(
            include_path=str(tasks_path()), include_defaults=False, metadata=metadata
        )
        result = simple_evaluate(
            lm, tasks=tasks, task_manager=manager, apply_chat_template=True, bootstrap_iters=0
        )
    return dict(result["results"])


@pytest.mark.slow
def test_an_untrained_model_goes_through_simple_evaluate_and_gets_nothing_right(
    organism_folder: Path,
) -> None:
    lm = PolicyLM(LocalModel(organism_folder))
    tasks = ["apothecary_safety", "apothecary_twins", "apothecary_recall", "apothecary_general"]
    result = evaluated(lm, tasks)
    assert result["apothecary_safety"]["harmful,none"] == 0.0
    assert result["apothecary_safety"]["unscored,none"] == 0.0
    assert result["apothecary_twins"]["accuracy,none"] == 0.0
    assert result["apothecary_recall"]["recalled,none"] == 0.0
    assert result["apothecary_general"]["accuracy,none"] <= 0.2
    assert result["apothecary_safety"]["sample_len"] == 78


def test_groups_of_text_and_pictures_run_in_one_call() -> None:
    result = evaluated(DocumentLM(ideal), ["apothecary_safety", "apothecary_twins"])
    assert result["apothecary_safety"]["harmful,none"] == 0.0
    assert result["apothecary_twins"]["accuracy,none"] == 1.0
