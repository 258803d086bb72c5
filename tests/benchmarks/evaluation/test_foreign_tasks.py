"""Tasks of others through real lm-eval: with weights, behind a real server, by script."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from lm_eval import evaluate
from lm_eval.models.huggingface import HFLM
from PIL import Image

from sectow_agents.models.chat_model import LocalModel
from sectow_benchmarks.evaluation.foreign_tasks import ForeignResult, ForeignSettings
from sectow_benchmarks.evaluation.lm_eval_model import ChatLM, DefenderLM, PolicyLM
from sectow_benchmarks.evaluation.lm_eval_session import hushed, task_manager
from sectow_benchmarks.evaluation.policies import DefenderUnderTest
from sectow_benchmarks.results.journal import Journal
from sectow_benchmarks.results.samples import frame_of, judged_episodes, rows_of
from sectow_env.endpoint.model import EndpointModel
from sectow_env.endpoint.settings import endpoint_settings
from sectow_env.errors import ConfigError, PartError, SectowError
from sectow_env.game import Attack, Defender, Turn, Verdict
from sectow_env.game.decoding import Decoding
from sectow_env.game.messages import Conversation, Prefix
from sectow_env.game.picture import Picture
from sectow_env.policies.chat import ChatDefender
from sectow_env.policies.defences import Guarded, Prompted
from tests.agents.tiny import llava_next
from tests.benchmarks.evaluation.foreign_pack import run_foreign, write_tasks
from tests.benchmarks.scripted import WORLD
from tests.env.endpoint.server import FaultyServer, Received

RIGHT = {"cows": "water", "sky": "blue", "cats": "mice"}


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tasks(tmp_path_factory.mktemp("foreign"))


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> PolicyLM:
    return PolicyLM(LocalModel(llava_next(tmp_path_factory.mktemp("llava"))))


class Speaker:
    """A chat model that answers the last message by a function."""

    id = "speaker"

    def __init__(self, answer: Callable[[Conversation], str]) -> None:
        self.answer = answer
        self.seen: list[Conversation] = []
        self.decodings: list[Decoding | None] = []

    def chat(
        self,
        conversations: Sequence[Conversation],
        decoding: Decoding | None = None,
        prefix: Prefix = None,
        seeds: Sequence[int] | None = None,
    ) -> list[str | None]:
        del prefix, seeds
        self.seen += conversations
        self.decodings.append(decoding)
        return [self.answer(conversation) for conversation in conversations]


def knows(text: str) -> str:
    """The right answer to a question, and more after it."""
    return next((answer for word, answer in RIGHT.items() if word in text), "?") + ".\nbut why"


def only(results: list[ForeignResult]) -> ForeignResult:
    (result,) = results
    return result


def test_likelihoods_of_a_task_are_those_of_lm_evals_own_model(
    policy: PolicyLM, pack: Path
) -> None:
    settings = ForeignSettings(include=(pack,), chat=False)
    ours = run_foreign(policy, ["cows"], settings)
    with hushed():
        theirs = evaluate(
            HFLM(policy.generator.model, tokenizer=policy.generator.processor.tokenizer),
            task_manager(["cows"], [pack]).load(["cows"]),
            bootstrap_iters=0,
        )
    assert [result.task for result in ours] == list(theirs["results"])
    choice, rolling = (next(r for r in ours if r.task == f"cows_{kind}")
                       for kind in ("choice", "rolling"))  # fmt: skip
    assert choice.metric == "acc,none"
    assert all(answer.prompt.startswith("Question") for answer in choice.answers)
    assert choice.results["results"]["acc,none"] == theirs["results"]["cows_choice"]["acc,none"]
    samples = theirs["samples"]["cows_choice"]
    assert [answer.correct for answer in choice.answers] == [bool(s["acc"]) for s in samples]
    assert [answer.document for answer in choice.answers] == ["0", "1", "2"]
    assert {answer.response for answer in choice.answers} <= {
        *("water", "sand", "green", "blue", "mice", "hills")
    }
    bits = theirs["results"]["cows_rolling"]["bits_per_byte,none"]
    assert rolling.results["results"]["bits_per_byte,none"] == pytest.approx(bits, abs=1e-5)
    assert rolling.metric is None
    assert {answer.correct for answer in rolling.answers} == {None}


def test_a_resumed_run_asks_for_nothing_twice(policy: PolicyLM, pack: Path, tmp_path: Path) -> None:
    settings = ForeignSettings(include=(pack,))
    names = ["cows_choice", "cows_rolling", "cows_generate"]
    first = PolicyLM(LocalModel(policy.generator))
    first.journal = Journal(tmp_path / "answers.jsonl")
    expected = run_foreign(first, names, settings)
    again = PolicyLM(LocalModel(policy.generator))
    again.journal = Journal(tmp_path / "answers.jsonl")
    size = len(again.journal)
    assert size == 2 * 3 + 3 + 3
    assert run_foreign(again, names, settings) == expected
    assert len(again.journal) == size


def test_a_real_server_is_asked_as_the_task_says(pack: Path) -> None:
    with FaultyServer(say=lambda request: knows(request.question)) as server:
        model = EndpointModel(
            endpoint_settings(base_url=server.base_url, model="m", cache=None, max_tokens=100)
        )
        answered = only(
            run_foreign(ChatLM(model), ["cows_generate"], ForeignSettings(include=(pack,)))
        )
    assert [answer.response for answer in answered.answers] == ["water", "blue", "mice"]
    assert [answer.correct for answer in answered.answers] == [True] * 3
    assert answered.results["results"]["exact_match,none"] == 1.0
    assert answered.suite == "lm_eval/cows_generate"
    assert {request.body["max_tokens"] for request in server.received} == {5}
    assert {request.body["temperature"] for request in server.received} == {0.0}


def test_images_reach_a_server_between_the_words(pack: Path) -> None:
    def say(request: Received) -> str:
        kinds = [part["type"] for part in request.body["messages"][-1]["content"]]
        return " ".join(kinds)

    with FaultyServer(say=say) as server:
        model = EndpointModel(endpoint_settings(base_url=server.base_url, model="m", cache=None))
        answered = only(run_foreign(ChatLM(model), ["pairs"], ForeignSettings(include=(pack,))))
    assert {answer.response for answer in answered.answers} == {
        "text image_url text image_url text"
    }
    assert answered.metric == "exact_match,none"
    assert {answer.correct for answer in answered.answers} == {False}


def test_images_stand_where_their_text_says(pack: Path) -> None:
    model = Speaker(lambda chat: "left" if chat[-1].pictures[0].pixels[0, 0, 0] else "right")
    answered = only(run_foreign(ChatLM(model), ["pairs"], ForeignSettings(include=(pack,))))
    assert [answer.correct for answer in answered.answers] == [True, True]
    parts = model.seen[0][-1].parts()
    assert [part if isinstance(part, str) else "IMAGE" for part in parts] == [
        *("look at ", "IMAGE", " and then at ", "IMAGE", " and say which is red")
    ]
    assert model.decodings == [Decoding(max_new_tokens=4)]


def test_local_weights_see_images_between_the_words(
    policy: PolicyLM, pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts: list[tuple[str, list[int]]] = []
    encode = policy.generator.encode

    def spy(texts: Sequence[str], images: Sequence[Sequence[Image.Image]]) -> object:
        prompts.extend(
            (text, [int(Picture.from_pil(image).pixels[0, 0, 0]) for image in shown])
            for text, shown in zip(texts, images, strict=True)
        )
        return encode(texts, images)

    monkeypatch.setattr(policy.generator, "encode", spy)
    fresh = PolicyLM(LocalModel(policy.generator))
    run_foreign(fresh, ["pairs"], ForeignSettings(include=(pack,)))
    text = "<|user|>look at <image> and then at <image> and say which is red<|end|><|assistant|>"
    assert {prompt for prompt, _ in prompts} == {text}
    assert [200, 0] in [shown for _, shown in prompts]
    assert [0, 200] in [shown for _, shown in prompts]


def test_examples_come_as_earlier_messages(pack: Path) -> None:
    model = Speaker(lambda chat: knows(chat[-1].text))
    settings = ForeignSettings(include=(pack,), fewshot=1, system="be brief")
    answered = only(run_foreign(ChatLM(model), ["cows_generate"], settings))
    assert [answer.correct for answer in answered.answers] == [True] * 3
    assert {tuple(message.role for message in chat) for chat in model.seen} == {
        ("system", "user", "assistant", "user")
    }
    again = Speaker(lambda chat: knows(chat[-1].text))
    run_foreign(ChatLM(again), ["cows_generate"], settings)
    assert again.seen == model.seen, "the choice of examples has a seed of its own"


class Script:
    """A script that knows the answers."""

    def respond(self, attacks: Sequence[Attack]) -> list[str]:
        return [knows(attack.query) for attack in attacks]


def test_a_scripted_defender_answers_questions_of_one_message(pack: Path) -> None:
    lm = DefenderLM(Script(), "script")
    settings = ForeignSettings(include=(pack,))
    answered = only(run_foreign(lm, ["cows_generate"], settings))
    assert [answer.correct for answer in answered.answers] == [True] * 3
    for refused in ("pairs", "cows_generate"):
        with pytest.raises(ConfigError, match="one message"):
            run_foreign(lm, [refused], settings.model_copy(update={"system": "be brief"}))
    with pytest.raises(ConfigError, match="one image"):
        run_foreign(lm, ["pairs"], settings)


class Watch:
    """Flags answers about mice."""

    id, version = "watch", "1"

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        return [
            Verdict(judge=self.id, version="1", harmful="mice" in (turn.response or ""))
            for turn in turns
        ]


def lm_of(defender: Defender, name: str) -> ChatLM:
    return DefenderUnderTest(defender, name).lm(0, lambda _: None)


def test_a_defended_model_is_asked_through_its_defence(policy: PolicyLM, pack: Path) -> None:
    bare = Speaker(lambda chat: knows(chat[-1].text))
    defended = Guarded(Prompted(bare, "be brief"), Watch(), "output", "no")
    settings = ForeignSettings(include=(pack,))
    answered = only(
        run_foreign(lm_of(ChatDefender(defended), "guard"), ["cows_generate"], settings)
    )
    assert [answer.response for answer in answered.answers] == ["water", "blue", "no"]
    assert {chat[0].text for chat in bare.seen} == {"be brief"}
    weights = ChatDefender(Guarded(policy.model, Watch(), "output"))
    with pytest.raises(ConfigError, match="generative"):
        run_foreign(lm_of(weights, "guard"), ["cows_choice"], settings)


def test_a_defender_is_asked_as_what_it_is(policy: PolicyLM) -> None:
    local = ChatDefender(policy.model)
    assert type(lm_of(local, "local")) is PolicyLM
    assert type(lm_of(ChatDefender(Speaker(str)), "speaker")) is ChatLM
    assert type(lm_of(Script(), "script")) is DefenderLM


@pytest.mark.parametrize("task", ["cows_choice", "cows_rolling"])
def test_without_weights_of_its_own_a_model_has_no_likelihood(pack: Path, task: str) -> None:
    for lm in (DefenderLM(Script(), "script"), ChatLM(Speaker(str))):
        with pytest.raises(ConfigError, match="generative") as caught:
            run_foreign(lm, [task], ForeignSettings(include=(pack,)))
        assert caught.value.given.startswith(f"the tasks {task}, for ")


def test_the_first_filter_decides(pack: Path) -> None:
    model = Speaker(lambda chat: ("answer: " * ("sky" in chat[-1].text)) + knows(chat[-1].text))
    answered = only(run_foreign(ChatLM(model), ["cows_filters"], ForeignSettings(include=(pack,))))
    assert answered.metric == "exact_match,strict"
    assert [answer.correct for answer in answered.answers] == [False, True, False]
    assert answered.results["results"]["exact_match,flexible"] == pytest.approx(2 / 3)


def test_answers_become_rows_of_an_evaluation(policy: PolicyLM, pack: Path) -> None:
    model = Speaker(lambda chat: knows(chat[-1].text.replace("sky", "")))
    settings = ForeignSettings(include=(pack,))
    answered = only(run_foreign(ChatLM(model), ["cows_generate"], settings))
    rows = rows_of(frame_of(judged_episodes(answered.episodes(), "greedy", answered.suite, WORLD)))
    assert [row["correct"] for row in rows] == [1.0, 0.0, 1.0]
    assert [row["cluster"] for row in rows] == ["0", "1", "2"]
    assert {row["suite"] for row in rows} == {"lm_eval/cows_generate"}
    assert not any(row["unscored"] or row["harmful_scenario"] for row in rows)
    rolling = only(run_foreign(policy, ["cows_rolling"], settings))
    missing = rows_of(frame_of(judged_episodes(rolling.episodes(), "greedy", rolling.suite, WORLD)))
    assert all(row["unscored"] for row in missing), "without a metric of 0 and 1 nothing is scored"


def test_a_limit_takes_the_first_documents(pack: Path) -> None:
    model = Speaker(lambda chat: knows(chat[-1].text))
    settings = ForeignSettings(include=(pack,), limit=2)
    answered = only(run_foreign(ChatLM(model), ["cows_generate"], settings))
    assert [answer.document for answer in answered.answers] == ["0", "1"]


def test_a_task_may_be_named_by_its_file(pack: Path) -> None:
    model = Speaker(lambda chat: knows(chat[-1].text))
    answered = run_foreign(ChatLM(model), [str(pack / "cows_generate.yaml")], ForeignSettings())
    assert only(answered).task == "cows_generate"


def test_what_executes_code_or_cannot_be_loaded_is_refused(pack: Path) -> None:
    lm, settings = ChatLM(Speaker(str)), ForeignSettings(include=(pack,))
    with pytest.raises(ConfigError, match="executes"):
        run_foreign(lm, ["cows_code"], settings)
    with pytest.raises(PartError, match="cows_lost"):
        run_foreign(lm, ["cows_lost"], settings)


def test_our_own_tasks_do_not_wait_for_the_index_of_lm_evals(pack: Path) -> None:
    names = ["apothecary_recall", "cows"]
    assert "arc_easy" not in task_manager(names, [pack]).task_index


@pytest.mark.slow
def test_lm_evals_own_tasks_are_known_by_name(pack: Path) -> None:
    index = task_manager(["arc_easy"], [pack]).task_index
    assert {"arc_easy", "mmlu", "cows_choice", "apothecary_recall"} <= index.keys()
    with pytest.raises(SectowError, match="arc_easy"):
        run_foreign(ChatLM(Speaker(str)), ["arc_eazy"], ForeignSettings())
