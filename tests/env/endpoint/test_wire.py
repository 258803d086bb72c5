"""Whatever a server sends is an answer or a failure, never an exception; pictures go out whole."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sectow_env.endpoint.exchange import ChatRequest, Failure, FailureKind, Reply
from sectow_env.endpoint.settings import MAX_SEED, EndpointSettings
from sectow_env.endpoint.wire import body_of, error_of, key_of, parsed, read_answer
from sectow_env.game.messages import Message
from sectow_env.game.picture import Picture
from sectow_env.text import is_whole
from tests.env.endpoint.server import completion

SETTINGS = EndpointSettings(base_url="http://localhost/v1", model="m")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "usage", "error", "text", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def read(answer: object) -> Reply | Failure:
    return read_answer(200, "application/json", json.dumps(answer).encode()).outcome


@given(JSON | JSON.map(lambda inner: {"choices": [{"message": inner}], "usage": inner}))
def test_any_json_is_read(answer: object) -> None:
    outcome = read(answer)
    if isinstance(outcome, Reply):
        assert is_whole(outcome.text)
    else:
        assert outcome.kind in set(FailureKind)


@given(st.binary(max_size=200))
def test_any_bytes_are_read(data: bytes) -> None:
    read_answer(200, "application/json", data)
    error_of(parsed(data))


@given(st.text())
def test_a_text_comes_back_as_it_was(text: str) -> None:
    assert read(completion(text)) == Reply(
        text=text, finish_reason="stop", prompt_tokens=7, completion_tokens=3
    )


def test_half_a_character_is_replaced() -> None:
    data = rb'{"choices": [{"message": {"content": "a\ud800b \ud83d\ude00"}}]}'
    outcome = read_answer(200, "application/json", data).outcome
    assert outcome == Reply(text="a\ufffdb \U0001f600")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "ab"),
        ([{"type": "thinking", "text": "hm"}, {"type": "text", "text": "b"}], "b"),
        ("", ""),
    ],
)
def test_contents_that_are_texts(content: object, text: str) -> None:
    outcome = read(completion(content))
    assert isinstance(outcome, Reply)
    assert outcome.text == text


@pytest.mark.parametrize("content", [5, True, {}, [], [{"type": "thinking", "text": "hm"}], [5]])
def test_contents_that_are_none(content: object) -> None:
    outcome = read(completion(content))
    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.BAD_JSON


@pytest.mark.parametrize(
    "usage",
    [None, 5, [], {"prompt_tokens": "7"}, {"prompt_tokens": -1}, {"prompt_tokens": True}],
)
def test_tokens_that_are_not_reported_are_missing(usage: Any) -> None:
    outcome = read(completion("a", usage=usage))
    assert isinstance(outcome, Reply)
    assert outcome.prompt_tokens is None


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "application/problem+json"]
)
def test_types_of_json(kind: str) -> None:
    assert isinstance(read_answer(200, kind, json.dumps(completion("a")).encode()).outcome, Reply)


@given(st.text(st.characters(exclude_categories=()), max_size=20))
def test_any_question_can_be_sent_and_keyed(text: str) -> None:
    request = ChatRequest.model_construct(
        messages=(Message.model_construct(role="user", text=text, picture=None),),
        sample=0,
        seed=None,
    )
    sent = json.loads(body_of(SETTINGS, request))
    assert sent["messages"] == [{"role": "user", "content": text}]
    assert len(key_of(SETTINGS, request)) == 64


def test_a_seed_is_one_that_every_server_takes() -> None:
    for seed, sample, expected in ((1, 2, 3), (MAX_SEED, 0, MAX_SEED), (MAX_SEED, 1, 0)):
        messages = (Message(role="user", text="door"),)
        sent = json.loads(
            body_of(SETTINGS, ChatRequest(messages=messages, seed=seed, sample=sample))
        )
        assert sent["seed"] == expected


def test_a_picture_goes_before_its_text_and_is_whole() -> None:
    rng = np.random.Generator(np.random.PCG64(0))
    shown = Picture(rng.integers(0, 256, (5, 7, 3), dtype=np.uint8))
    messages = (Message(role="user", text="what is this", pictures=(shown,)),)
    (message,) = json.loads(body_of(SETTINGS, ChatRequest(messages=messages)))["messages"]
    first, second = message["content"]
    head, _, data = first["image_url"]["url"].partition(",")
    assert head == "data:image/png;base64"
    assert Picture.from_bytes(base64.b64decode(data)) == shown
    assert second == {"type": "text", "text": "what is this"}
