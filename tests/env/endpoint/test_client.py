"""Many requests, in order, from anywhere; what is known is not asked."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from sectow_env.endpoint.client import Endpoint
from sectow_env.endpoint.exchange import ChatRequest, Reply
from sectow_env.endpoint.model import EndpointModel
from sectow_env.errors import ConfigError
from sectow_env.game.decoding import Decoding
from sectow_env.game.messages import Message
from tests.env.endpoint.asking import Quick, Serve, asking, texts
from tests.env.endpoint.server import Play, Received

QUESTIONS = [f"door {number}" for number in range(30)]
ANSWERS = [f"answer to {question}" for question in QUESTIONS]
SAMPLING = ("temperature", "max_tokens", "seed")


def test_answers_come_in_order(serve: Serve, quick: Quick) -> None:
    server = serve(
        lambda request: Play.GOOD if request.nth or "1" in request.question else Play.ERROR
    )
    done: list[int] = []
    outcomes = Endpoint(quick(server)).complete(asking(*QUESTIONS), done.append)
    assert texts(outcomes) == ANSWERS
    assert sorted(done) == list(range(30))


def test_nothing_is_asked_for_nothing(serve: Serve, quick: Quick) -> None:
    server = serve()
    assert Endpoint(quick(server)).complete([]) == []
    assert server.received == []


def test_equal_requests_of_a_call_are_asked_once(serve: Serve, quick: Quick) -> None:
    server = serve()
    done: list[int] = []
    endpoint = Endpoint(quick(server, cache=None))
    outcomes = endpoint.complete(asking("door", "gate", "door", "door"), done.append)
    assert texts(outcomes) == [
        f"answer to {question}" for question in ("door", "gate", "door", "door")
    ]
    assert sorted(request.question for request in server.received) == ["door", "gate"]
    assert sorted(done) == [0, 1, 2, 3]


def test_without_a_cache_each_call_asks(serve: Serve, quick: Quick) -> None:
    server = serve()
    endpoint = Endpoint(quick(server, cache=None))
    endpoint.complete(asking("door"))
    endpoint.complete(asking("door"))
    assert len(server.received) == 2


def test_it_works_inside_a_running_loop(serve: Serve, quick: Quick) -> None:
    endpoint = Endpoint(quick(serve()))

    async def cell() -> list[str | None]:
        return texts(endpoint.complete(asking("door")))

    assert asyncio.run(cell()) == ["answer to door"]


def test_threads_take_turns(serve: Serve, quick: Quick) -> None:
    server = serve(think=0.01)
    endpoint = Endpoint(quick(server, concurrency=2))
    results: list[str | None] = []

    def ask(number: int) -> None:
        results.extend(texts(endpoint.complete(asking(f"door {number}", "gate"))))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, results)) == sorted(
        ["answer to gate"] * 4 + [f"answer to door {number}" for number in range(4)]
    )
    assert server.most <= 2
    assert sum(request.question == "gate" for request in server.received) == 1


def test_what_on_done_raises_ends_the_call_and_loses_nothing(serve: Serve, quick: Quick) -> None:
    server = serve()
    settings = quick(server, concurrency=1)

    def stop(index: int) -> None:
        if index == 4:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        Endpoint(settings).complete(asking(*QUESTIONS), stop)
    assert len(server.received) == 5
    assert texts(Endpoint(settings).complete(asking(*QUESTIONS))) == ANSWERS
    assert len(server.received) == 30


SCRIPT = """
import signal
import sys
from sectow_env.errors import ConfigError
from sectow_env.game.decoding import Decoding
from sectow_env.game.messages import Message
from sectow_env.endpoint.client import Endpoint
from sectow_env.endpoint.exchange import ChatRequest
from sectow_env.endpoint.settings import EndpointSettings

signal.signal(signal.SIGINT, signal.default_int_handler)  # A shell's background job ignores it.
settings = EndpointSettings.model_validate_json(sys.argv[1])
requests = [ChatRequest(messages=(Message(role="user", text=f"door {n}"),)) for n in range(30)]
try:
    Endpoint(settings).complete(requests)
except KeyboardInterrupt:
    sys.exit(7)
"""


def test_after_control_c_nothing_is_lost(serve: Serve, quick: Quick) -> None:
    server = serve(think=0.05)
    settings = quick(server, concurrency=2)
    child = subprocess.Popen([sys.executable, "-c", SCRIPT, settings.model_dump_json()])
    deadline = time.monotonic() + 60
    while len(server.answered) < 8 and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(child.pid, signal.SIGINT)
    assert child.wait(30) == 7
    before = len(server.received)
    assert before < 30
    assert texts(Endpoint(settings).complete(asking(*QUESTIONS))) == ANSWERS
    twice = [request.question for request in server.received if request.nth]
    assert len(twice) <= 2
    assert len(server.received) == 30 + len(twice)


def test_processes_share_one_cache(serve: Serve, quick: Quick) -> None:
    server = serve(lambda request: Play.GOOD if request.nth % 2 else Play.ERROR)
    settings = quick(server, concurrency=4)
    given = [sys.executable, "-c", SCRIPT, settings.model_dump_json()]
    children = [subprocess.Popen(given) for _ in range(4)]
    assert [child.wait(60) for child in children] == [0] * 4
    before = len(server.received)
    outcomes = Endpoint(settings).complete(asking(*QUESTIONS))
    assert texts(outcomes) == ANSWERS
    assert all(isinstance(outcome, Reply) and outcome.cached for outcome in outcomes)
    assert len(server.received) == before


def test_it_is_a_chat_model(serve: Serve, quick: Quick) -> None:
    def script(request: Received) -> Play:
        return Play.NO_ROOM if request.question == "gate" else Play.GOOD

    server = serve(script)
    model = EndpointModel(quick(server))
    answers = model.chat(
        [
            [Message(role="system", text="be brief"), Message(role="user", text="door")],
            [Message(role="user", text="gate")],
        ]
    )
    assert answers == ["answer to door", None]
    assert model.id == f"potion-1@{server.base_url.split('/')[2]}"
    local = quick(server, model="/home/someone/models/potion-2")
    assert EndpointModel(local).id.startswith("potion-2@")


def test_a_decoding_replaces_temperature_and_length(serve: Serve, quick: Quick) -> None:
    server = serve()
    model = EndpointModel(quick(server, max_tokens=9, temperature=0.7, seed=4))
    doors = [[Message(role="user", text="door")]]
    model.chat(doors, Decoding(max_new_tokens=3))
    model.chat(doors, Decoding(sampled=True, temperature=0.5), seeds=[2**31 + 6])
    model.chat(doors)
    fields = [[request.body.get(name) for name in SAMPLING] for request in server.received]
    assert fields == [[0.0, 3, 4], [0.5, 256, 6], [0.7, 9, 4]]
    left = EndpointModel(quick(server, max_tokens=None, temperature=None, cache=None))
    left.chat(doors, Decoding())
    assert not {"temperature", "max_tokens"} & server.received[-1].body.keys()


def test_without_seeds_answers_are_drawn_by_the_decoding_s_own(serve: Serve, quick: Quick) -> None:
    server = serve()
    model = EndpointModel(quick(server, temperature=0.7))
    doors = [[Message(role="user", text="door")]] * 2
    for _ in range(2):
        model.chat(doors, Decoding(sampled=True, seed=1))
    assert len({request.body["seed"] for request in server.received}) == len(server.received) == 2
    model.chat(doors)
    assert len(server.received) == 3, "without a decoding, one conversation has one answer"


def test_an_endpoint_continues_no_text(quick: Quick, serve: Serve) -> None:
    model = EndpointModel(quick(serve()))
    doors = [[Message(role="user", text="door")]]
    with pytest.raises(ConfigError, match="cannot continue"):
        model.chat(doors, prefix=["Sure"])
    assert model.chat(doors, prefix=[""]) == ["answer to door"]


def test_the_request_is_as_the_server_wants_it(serve: Serve, quick: Quick) -> None:
    server = serve()
    settings = quick(server, seed=40, max_tokens=9, extra={"min_p": 0.1})
    request = ChatRequest(messages=(Message(role="user", text="door"),), sample=2)
    (reply,) = Endpoint(settings).complete([request])
    assert reply == Reply(
        text="answer to door", finish_reason="stop", prompt_tokens=7, completion_tokens=3
    )
    (received,) = server.received
    assert received.path == "/v1/chat/completions"
    assert received.authorization is None
    assert received.body == {
        "model": "potion-1",
        "messages": [{"role": "user", "content": "door"}],
        "max_tokens": 9,
        "temperature": 0.0,
        "top_p": 1.0,
        "seed": 42,
        "min_p": 0.1,
    }
