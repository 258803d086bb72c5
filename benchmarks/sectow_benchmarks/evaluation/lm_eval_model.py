"""Models of lm-eval: a generator or a defender of ours, handed to `lm_eval.simple_evaluate`.

lm-eval has a back end for models of transformers, but it mixes up text and image requests in one
call and draws from the global generator. These keep them apart, draw each item from its own seed,
and never lose an image silently.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from lm_eval.api.model import LM
from PIL import Image

from sectow_benchmarks.evaluation.asking import content_digests
from sectow_benchmarks.results.completeness import all_answered
from sectow_benchmarks.results.journal import Journal, key_of, recall
from sectow_benchmarks.tasks.documents import PLACEHOLDER, read_attack
from sectow_env.errors import ConfigError, SectowError
from sectow_env.game import Defender, ask_defender
from sectow_env.game.decoding import Decoding

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

    from sectow_agents.models.chat import Chat
    from sectow_agents.models.generator import Generator

DEFAULT_TOKENS = 256
BATCHES_A_CALL = 8
Progress = Callable[[int], None]
"""Called with the number of requests that have just been answered."""


class _GenerateOnly(LM):
    """What both models share: nothing but `generate_until`, on one process.

    Args:
        seed: Of sampled decoding.
        progress: Is told after every few batches.
    """

    MULTIMODAL = True

    def __init__(self, seed: int = 0, progress: Progress | None = None) -> None:
        super().__init__()
        self.seed = seed
        self.journal = Journal()
        """Keeps the answers; put one with a file here to go on after a kill."""
        self._progress = progress

    def loglikelihood(self, requests: Sequence[Instance]) -> NoReturn:
        """Not offered."""
        raise _generates_only("loglikelihood")

    def loglikelihood_rolling(self, requests: Sequence[Instance]) -> NoReturn:
        """Not offered."""
        raise _generates_only("loglikelihood_rolling")

    @property
    @abstractmethod
    def tokenizer_name(self) -> str:
        """Names the model in lm-eval's caches."""

    def chat_template(self, chat_template: bool | str = False) -> str:
        """The template's text, for lm-eval's records."""
        return "sectow: chats are handed on as JSON"

    def apply_chat_template(
        self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True
    ) -> str:
        """The chat as JSON: the generator renders it, together with its image."""
        return json.dumps({"chat": chat_history, "answer": add_generation_prompt})

    def generate_until(self, requests: Sequence[Instance]) -> list[str]:
        """One response a request, in order; what the journal has is not asked again."""
        groups: dict[str, list[int]] = defaultdict(list)
        for index, request in enumerate(requests):
            groups[json.dumps(request.args[1], sort_keys=True)].append(index)
        digests = self._digests(requests)
        responses = [""] * len(requests)
        for settings, members in groups.items():
            decoding, until = read_settings(json.loads(settings), self.seed)
            shapes = [str([image.size for image in _visuals(requests[i])]) for i in members]
            keys = [
                key_of(settings, digests[index], shape)
                for index, shape in zip(members, shapes, strict=True)
            ]
            texts = recall(
                self.journal,
                keys,
                partial(self._chosen, [requests[i] for i in members], decoding,
                        [int(digests[i][:16], 16) >> 1 for i in members]),
                self._chunk,
                self._progress,
            )  # fmt: skip
            for index, text in zip(members, texts, strict=True):
                responses[index] = _cut(text or "", until)
        return responses

    def _chosen(
        self,
        requests: Sequence[Instance],
        decoding: Decoding,
        seeds: Sequence[int],
        chosen: list[int],
    ) -> list[str]:
        return self._answer(
            [requests[index] for index in chosen], decoding, [seeds[index] for index in chosen]
        )

    @property
    def _chunk(self) -> int | None:
        return None

    @abstractmethod
    def _answer(
        self, requests: Sequence[Instance], decoding: Decoding, seeds: Sequence[int]
    ) -> list[str]:
        """One response a request."""

    def _digests(self, requests: Sequence[Instance]) -> list[str]:
        """A digest a request, from its content alone: neither order nor batch changes a draw."""
        texts = (str(request.args[0]) for request in requests)
        pictures = ((image.tobytes() for image in _visuals(request)) for request in requests)
        return content_digests(texts, pictures, self.seed)


class PolicyLM(_GenerateOnly):
    """A model of transformers, by way of the generator that training and play use too.

    Args:
        generator: Model and processor.
        seed: Of sampled decoding.
        progress: Is told after every few batches.
    """

    def __init__(
        self, generator: Generator, seed: int = 0, progress: Progress | None = None
    ) -> None:
        super().__init__(seed, progress)
        self.generator = generator

    @property
    def tokenizer_name(self) -> str:
        """Where the model came from."""
        return str(self.generator.source or "unnamed").replace("/", "__")

    def chat_template(self, chat_template: bool | str = False) -> str:
        """The text of the processor's template."""
        return str(getattr(self.generator.processor, "chat_template", ""))

    @property
    def _chunk(self) -> int:
        return BATCHES_A_CALL * self.generator.batcher.prompts

    def _answer(
        self, requests: Sequence[Instance], decoding: Decoding, seeds: Sequence[int]
    ) -> list[str]:
        asked = [read_request(request) for request in requests]
        return self.generator.generate(
            [chat for chat, _, _ in asked],
            [image for _, image, _ in asked],
            decoding,
            prefix=[prefix for _, _, prefix in asked],
            seeds=seeds,
        )


class DefenderLM(_GenerateOnly):
    """Any defender, scripted or behind an endpoint: it answers the attack of a document itself.

    It cannot continue a beginning: tasks with a prefix are refused.

    Args:
        defender: The defender.
        name: Its name.
        seed: Of a defender that takes seeds.
        progress: Is told after every few batches.
    """

    def __init__(
        self,
        defender: Defender,
        name: str = "defender",
        seed: int = 0,
        progress: Progress | None = None,
    ) -> None:
        super().__init__(seed, progress)
        self.defender = defender
        self.name = name

    @property
    def tokenizer_name(self) -> str:
        """Its name."""
        return self.name.replace("/", "__")

    def _answer(
        self, requests: Sequence[Instance], decoding: Decoding, seeds: Sequence[int]
    ) -> list[str]:
        if any(request.doc.get("prefix") for request in requests):
            raise ConfigError(
                given=f"a task with a prefilled answer on {self.name!r}",
                why="a defender answers attacks and cannot continue a text",
                fix="leave out the recall task, or measure a model of transformers",
            )
        attacks = [read_attack(request.doc) for request in requests]
        return all_answered(ask_defender(self.defender, attacks, seeds))


def read_request(request: Instance) -> tuple[Chat, Image.Image | None, str]:
    """Chat, image and beginning of the answer of a request.

    Raises:
        ConfigError: It was made without the chat template.
        SectowError: Its images do not fit its text, or there is more than one.
    """
    try:
        told = json.loads(request.args[0])
        chat, answer = [dict(message) for message in told["chat"]], bool(told["answer"])
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigError(
            given="a request that is no chat",
            why="this model is asked in chats only",
            fix="call lm-eval with apply_chat_template=True",
        ) from error
    prefix = "" if answer else str(chat.pop()["content"])
    visuals = _visuals(request)
    marks = sum(message["content"].count(PLACEHOLDER) for message in chat)
    if marks != len(visuals) or marks > 1:
        raise SectowError(
            given=f"a request with {len(visuals)} images and {marks} times {PLACEHOLDER}",
            why="each image needs its place in the text, and a policy is shown one at most",
            fix=f"write {PLACEHOLDER} once, before the text, where a document has an image",
        )
    if not visuals:
        return chat, None, prefix
    user = next(message for message in chat if message["role"] == "user")
    if not user["content"].startswith(PLACEHOLDER):
        raise SectowError(
            given=f"a request with {PLACEHOLDER} inside its text",
            why="policies are shown the image before the text of the first message",
            fix=f"begin the document's text with {PLACEHOLDER}",
        )
    user["content"] = user["content"].removeprefix(PLACEHOLDER)
    return chat, visuals[0], prefix


def read_settings(given: Mapping[str, Any], seed: int = 0) -> tuple[Decoding, list[str]]:
    """Decoding and stop texts from lm-eval's generation settings.

    Raises:
        ConfigError: A setting is not known, or contradicts another.
    """
    left = dict(given)
    until = left.pop("until", None) or []
    tokens = int(left.pop("max_gen_toks", DEFAULT_TOKENS))
    temperature = float(left.pop("temperature", 0.0) or 0.0)
    sampled = bool(left.pop("do_sample", temperature > 0.0))
    if left:
        raise ConfigError(
            given=f"generation settings {', '.join(map(repr, left))}",
            why="this model knows until, max_gen_toks, do_sample and temperature",
            fix="leave the others out",
        )
    if sampled and temperature == 0.0:
        raise ConfigError(
            given="do_sample=true without a temperature",
            why="how random the answers shall be is not said",
            fix="add temperature=1.0, or set do_sample=false",
        )
    decoding = Decoding(
        sampled=sampled,
        temperature=temperature if sampled else 1.0,
        max_new_tokens=tokens,
        seed=seed,
    )
    return decoding, [until] if isinstance(until, str) else [str(stop) for stop in until]


def _visuals(request: Instance) -> list[Image.Image]:
    return list(request.args[2]["visual"]) if len(request.args) > 2 else []


def _cut(text: str, until: Sequence[str]) -> str:
    for stop in filter(None, until):
        text = text.split(stop, maxsplit=1)[0]
    return text


def _generates_only(what: str) -> ConfigError:
    return ConfigError(
        given=f"a task that needs {what}",
        why="this model generates text and gives no likelihoods",
        fix="choose generative tasks, or run lm-eval's own back end",
    )
