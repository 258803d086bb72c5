"""How many requests at once, how fast, how many at all, and how far apart."""

from __future__ import annotations

import asyncio
import time
from random import Random

import pytest

from sectow_env.endpoint.client import Endpoint
from sectow_env.endpoint.exchange import Failure, FailureKind, Reply
from sectow_env.endpoint.limits import Budget, Pace
from sectow_env.endpoint.settings import EndpointSettings
from sectow_env.endpoint.wire import Heard
from sectow_env.errors import ConfigError
from tests.env.endpoint.asking import Quick, Serve, asking, texts
from tests.env.endpoint.server import Play, always

MANY = [f"door {number}" for number in range(40)]


@pytest.mark.parametrize("concurrency", [1, 5])
def test_no_more_at_once_than_allowed(serve: Serve, quick: Quick, concurrency: int) -> None:
    server = serve(lambda request: Play.GOOD if request.nth else Play.ERROR, think=0.02)
    outcomes = Endpoint(quick(server, concurrency=concurrency)).complete(asking(*MANY))
    assert None not in texts(outcomes)
    assert server.most == concurrency


def test_requests_start_evenly(serve: Serve, quick: Quick) -> None:
    server = serve()
    endpoint = Endpoint(quick(server, requests_per_minute=1200))
    endpoint.complete(asking(*MANY[:6]))
    endpoint.complete(asking(*MANY[6:12]))
    starts = sorted(request.at for request in server.received)
    assert starts[-1] - starts[0] >= 0.35  # 0.55, less what a busy machine adds to the first.


def test_requests_are_limited_over_the_life_of_the_client(serve: Serve, quick: Quick) -> None:
    server = serve()
    endpoint = Endpoint(quick(server, max_requests=5, concurrency=3))
    assert None not in texts(endpoint.complete(asking(*MANY[:3])))
    # What is in the cache is free.
    later = endpoint.complete(asking(*MANY[:8]))
    assert sum(isinstance(outcome, Reply) for outcome in later) == 5
    assert {outcome.kind for outcome in later if isinstance(outcome, Failure)} == {
        FailureKind.SPENT
    }
    assert len(server.received) == 5
    assert endpoint.spent.requests == 5
    assert endpoint.spent.cached == 3


def test_retries_count_as_requests(serve: Serve, quick: Quick) -> None:
    server = serve(always(Play.ERROR))
    (outcome,) = Endpoint(quick(server, max_requests=3)).complete(asking("door"))
    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.SPENT
    assert len(server.received) == 3


def test_tokens_are_limited(serve: Serve, quick: Quick) -> None:
    server = serve()  # An answer takes 10 tokens.
    endpoint = Endpoint(quick(server, max_spent_tokens=35, concurrency=1))
    outcomes = endpoint.complete(asking(*MANY))
    assert sum(isinstance(outcome, Reply) for outcome in outcomes) == 4
    assert endpoint.spent.tokens == 40


def test_tokens_of_answers_without_text_count(serve: Serve, quick: Quick) -> None:
    server = serve(always(Play.NULL))
    endpoint = Endpoint(quick(server, retries=3))
    endpoint.complete(asking("door"))
    assert endpoint.spent.tokens == 40


def test_a_limit_of_tokens_needs_a_server_that_counts_them(serve: Serve, quick: Quick) -> None:
    server = serve(always(Play.UNMETERED))
    endpoint = Endpoint(quick(server, max_spent_tokens=100, concurrency=1))
    with pytest.raises(ConfigError, match="does not say how many tokens"):
        endpoint.complete(asking(*MANY))
    assert len(server.received) == 1
    assert endpoint.spent.unmetered == 1


def test_waits_grow_with_full_jitter() -> None:
    settings = EndpointSettings(
        base_url="http://localhost", model="m", wait_seed=1, longest_wait=10.0, cache=None
    )
    endpoint = Endpoint(settings)

    def waits(attempt: int) -> list[float]:
        state = type("State", (), {"attempt_number": attempt})()
        return [endpoint._wait(state) for _ in range(400)]

    for attempt, bound in ((1, 1.0), (2, 2.0), (4, 8.0), (9, 10.0), (5000, 10.0)):
        drawn = waits(attempt)
        assert 0.0 <= min(drawn) < 0.1 * bound
        assert 0.9 * bound < max(drawn) <= bound
    assert Endpoint(settings)._rng.random() == Endpoint(settings)._rng.random()


@pytest.mark.parametrize(("prompt", "completion"), [(None, 3), (7, None), (None, None)])
def test_an_answer_that_is_metered_by_half_is_not(
    prompt: int | None, completion: int | None
) -> None:
    budget = Budget(EndpointSettings(base_url="http://localhost", model="m", cache=None))
    budget.heard(Heard(Reply(text="a"), 7, 3))
    budget.heard(Heard(Reply(text="a"), prompt, completion))
    assert budget.spent.unmetered == 1
    assert budget.spent.tokens == 10 + (prompt or 0) + (completion or 0)


def test_who_waits_for_a_place_hears_of_a_pause() -> None:
    settings = EndpointSettings(
        base_url="http://localhost", model="m", requests_per_minute=600, backoff=0.0, cache=None
    )
    pace = Pace(settings, Random(0))

    async def second() -> float:
        started = time.monotonic()
        await pace.turn()
        waiting = asyncio.create_task(pace.turn())
        await asyncio.sleep(0.02)
        pace.pause(0.4)
        assert await waiting is None
        return time.monotonic() - started

    assert asyncio.run(second()) >= 0.4
