"""Models of lm-eval: whoever answers chats, given to `lm_eval.evaluate`.

lm-eval has back ends of its own, but none that mixes text and image requests in one call, draws
each item from its own seed and never loses an image silently. Likelihoods are lm-eval's own.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from lm_eval.api.model import LM

from sectow_agents.models.chat_model import LocalModel
from sectow_benchmarks.evaluation.asking import content_digests
from sectow_benchmarks.evaluation.lm_eval_request import (
    read_conversation,
    read_request,
    read_settings,
    visuals,
)
from sectow_benchmarks.evaluation.lm_eval_session import hushed
from sectow_benchmarks.results.completeness import all_answered
from sectow_benchmarks.results.journal import Journal, key_of, recall
from sectow_benchmarks.tasks.documents import read_attack
from sectow_env.errors import ConfigError
from sectow_env.game import Attack, Defender, ask_defender
from sectow_env.game.decoding import Decoding
from sectow_env.game.messages import ChatModel, Conversation, Prefix

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

BATCHES_PER_CALL = 8
LIKELIHOOD_BATCH = 8
"""Texts per forward pass: the scores of all words at all places are kept in memory at once."""
Progress = Callable[[int], None]
"""Called with the number of requests that have just been answered."""


class ChatLM(LM):
    """Any chat model: local, behind an endpoint, prompted or guarded. It generates text."""

    MULTIMODAL = True
    likelihoods = False
    """Whether it can rate texts, and not only generate them."""

    def __init__(self, model: ChatModel, seed: int = 0, progress: Progress | None = None) -> None:
        super().__init__()
        self.model = model
        self.seed = seed
        self.journal = Journal()
        """Keeps the answers; give it a file to resume after a kill."""
        self._progress = progress

    def loglikelihood(self, requests: Sequence[Instance]) -> list[tuple[float, bool]]:
        """Only models with weights have likelihoods.

        Raises:
            ConfigError: Always.
        """
        raise self.generates_only("a task with likelihoods")

    def loglikelihood_rolling(self, requests: Sequence[Instance]) -> list[float]:
        """Only models with weights have likelihoods.

        Raises:
            ConfigError: Always.
        """
        raise self.generates_only("a task with likelihoods")

    def generates_only(self, what: str) -> ConfigError:
        """The error for tasks that need the likelihoods of texts."""
        return ConfigError(
            given=f"{what}, for {self.model.id!r}",
            why="they rate texts, and only bare local weights have likelihoods: an endpoint, a "
            "script and a guard have none that hold for what they answer",
            fix="choose the task's generative variant, such as mmlu_generative, or measure the "
            "weights without a defence",
        )

    @property
    def tokenizer_name(self) -> str:
        """Names the model in lm-eval's caches."""
        return self.model.id.replace("/", "__")

    def chat_template(self, chat_template: bool | str = False) -> str:
        """The template's text, for lm-eval's records."""
        return "sectow: chats are handed on as JSON"

    def apply_chat_template(
        self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True
    ) -> str:
        """The chat as JSON: the model renders it, together with its images."""
        return json.dumps({"chat": chat_history, "answer": add_generation_prompt})

    def generate_until(self, requests: Sequence[Instance]) -> list[str]:
        """One response per request, in order; what is in the journal is not asked again."""
        groups: dict[str, list[int]] = defaultdict(list)
        for index, request in enumerate(requests):
            groups[json.dumps(request.args[1], sort_keys=True)].append(index)
        digests = self._digests(requests)
        responses = [""] * len(requests)
        for settings, members in groups.items():
            decoding, until = read_settings(json.loads(settings), self.seed)
            shapes = [str([image.size for image in visuals(requests[i])]) for i in members]
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

    def _answer(
        self, requests: Sequence[Instance], decoding: Decoding, seeds: Sequence[int]
    ) -> list[str]:
        """One response per request."""
        conversations, prefixes = zip(*map(read_request, requests), strict=True)
        prefix = prefixes if any(prefixes) else None
        return all_answered(self.model.chat(conversations, decoding, prefix, seeds))

    def _digests(self, requests: Sequence[Instance]) -> list[str]:
        """A digest per request, from its content alone: neither order nor batch changes a draw."""
        texts = (str(request.args[0]) for request in requests)
        pictures = ((image.tobytes() for image in visuals(request)) for request in requests)
        return content_digests(texts, pictures, self.seed)


class PolicyLM(ChatLM):
    """Bare local weights: they also have likelihoods, by lm-eval's own code."""

    likelihoods = True

    def __init__(self, model: LocalModel, seed: int = 0, progress: Progress | None = None) -> None:
        super().__init__(model, seed, progress)
        self.generator = model.generator

    @property
    def tokenizer_name(self) -> str:
        """Where the model came from: its id would read all weights."""
        return str(self.generator.source or "unnamed").replace("/", "__")

    def chat_template(self, chat_template: bool | str = False) -> str:
        """The text of the processor's template."""
        return str(getattr(self.generator.processor, "chat_template", ""))

    @property
    def _chunk(self) -> int:
        return BATCHES_PER_CALL * self.generator.batcher.prompts

    def loglikelihood(self, requests: Sequence[Instance]) -> list[tuple[float, bool]]:
        """How likely each continuation is, and whether it is the likeliest, by lm-eval's code."""
        answers = self._likelihoods("loglikelihood", requests)
        return [(float(value), bool(greedy)) for value, greedy in answers]

    def loglikelihood_rolling(self, requests: Sequence[Instance]) -> list[float]:
        """How likely each whole text is, by lm-eval's code."""
        return [float(value) for value in self._likelihoods("loglikelihood_rolling", requests)]

    def _likelihoods(self, what: str, requests: Sequence[Instance]) -> list[Any]:
        if any(visuals(request) for request in requests):
            raise ConfigError(
                given="a task that needs the likelihood of a text beside an image",
                why="lm-eval's code for likelihoods reads text only",
                fix="choose a task that generates its answers, such as mmmu_val",
            )
        plain = [self._rendered(request) for request in requests]
        repeated: Counter[tuple[str, ...]] = Counter()
        keys = []
        for request in plain:
            keys.append(key_of(what, *request.args, str(repeated[request.args])))
            repeated[request.args] += 1

        def ask(chosen: list[int]) -> list[str]:
            with hushed():
                answers = getattr(self._hf, what)([plain[index] for index in chosen])
            return [json.dumps(answer) for answer in answers]

        texts = recall(self.journal, keys, ask, self._chunk, self._progress)
        return [json.loads(text or "") for text in texts]

    def _rendered(self, request: Instance) -> Instance:
        """The request with its chat as the processor writes it; plain text stays as it is."""
        context = str(request.args[0])
        chat = read_conversation(context)
        if chat is not None:
            context = self.generator.prompt(chat[0]) + chat[1]
        return replace(request, arguments=(context, *request.args[1:2]))

    @cached_property
    def _hf(self) -> Any:
        """lm-eval's own model around the same weights."""
        from lm_eval.models.huggingface import HFLM

        with hushed():
            return HFLM(
                pretrained=self.generator.model,
                # It may set a padding token, which generation must not see.
                tokenizer=deepcopy(self.generator.processor.tokenizer),
                batch_size=min(LIKELIHOOD_BATCH, self.generator.batcher.prompts),
            )


class DefenderLM(ChatLM):
    """A script: it answers the attack of a document itself, and the questions of other tasks."""

    def __init__(
        self,
        defender: Defender,
        name: str = "defender",
        seed: int = 0,
        progress: Progress | None = None,
    ) -> None:
        super().__init__(ScriptedChat(defender, name), seed, progress)
        self.defender = defender

    def _answer(
        self, requests: Sequence[Instance], decoding: Decoding, seeds: Sequence[int]
    ) -> list[str]:
        if not all("attack" in request.doc for request in requests):
            return super()._answer(requests, decoding, seeds)
        if any(request.doc.get("prefix") for request in requests):
            raise _continues_nothing(self.model.id)
        attacks = [read_attack(request.doc) for request in requests]
        return all_answered(ask_defender(self.defender, attacks, seeds))


class ScriptedChat:
    """A scripted defender as a chat model: one message with at most one image is an attack."""

    def __init__(self, defender: Defender, name: str) -> None:
        self.defender = defender
        self.id = name

    def chat(
        self,
        conversations: Sequence[Conversation],
        decoding: Decoding | None = None,
        prefix: Prefix = None,
        seeds: Sequence[int] | None = None,
    ) -> list[str | None]:
        """One response per conversation; a script knows no decoding.

        Raises:
            ConfigError: A conversation has several messages or images, or a message is prefilled.
        """
        del decoding
        if prefix is not None and any(prefix):
            raise _continues_nothing(self.id)
        attacks = [self._attack(conversation) for conversation in conversations]
        return list(ask_defender(self.defender, attacks, seeds))

    def _attack(self, conversation: Conversation) -> Attack:
        (*earlier, last) = conversation
        if earlier or len(last.pictures) > 1 or any(last.places):
            raise ConfigError(
                given=f"a conversation of {len(conversation)} messages for {self.id!r}",
                why="a scripted defender is shown one message, with at most one image before it",
                fix="ask without examples and system prompt, or measure a language model",
            )
        return Attack(query=last.text, image=last.pictures[0] if last.pictures else None)


def _continues_nothing(name: str) -> ConfigError:
    return ConfigError(
        given=f"a task with a prefilled answer on {name!r}",
        why="a scripted defender answers attacks and cannot continue a text",
        fix="leave out the recall task, or measure a model of transformers",
    )


def _cut(text: str, until: Sequence[str]) -> str:
    for stop in filter(None, until):
        text = text.split(stop, maxsplit=1)[0]
    return text
