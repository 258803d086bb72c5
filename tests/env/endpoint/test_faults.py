"""Each way in which a server fails: tried again where that helps, never taken as an answer."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib

import pytest

from sectow_env.endpoint.client import Endpoint
from sectow_env.endpoint.exchange import TRANSIENT, Failure, FailureKind, Reply
from sectow_env.endpoint.limits import Pace
from sectow_env.errors import ConfigError
from tests.env.endpoint.asking import Quick, Serve, asking, texts
from tests.env.endpoint.server import (
    BAIT,
    JSON_TYPE,
    FaultyServer,
    Play,
    Raw,
    Script,
    always,
    completion,
)

KINDS = {
    Play.RATE: FailureKind.RATE_LIMITED,
    Play.ERROR: FailureKind.SERVER_ERROR,
    Play.BUSY: FailureKind.SERVER_ERROR,
    Play.HANG: FailureKind.TIMEOUT,
    Play.DRIP: FailureKind.TIMEOUT,
    Play.RESET: FailureKind.CONNECTION,
    Play.CLOSED: FailureKind.CONNECTION,
    Play.CUT: FailureKind.CONNECTION,
    Play.BAD_JSON: FailureKind.BAD_JSON,
    Play.DEEP_JSON: FailureKind.BAD_JSON,
    Play.OTHER_JSON: FailureKind.BAD_JSON,
    Play.NO_CHOICES: FailureKind.EMPTY_CHOICES,
    Play.ERROR_INSIDE: FailureKind.SERVER_ERROR,
    Play.NULL: FailureKind.NULL_CONTENT,
    Play.HUGE: FailureKind.TOO_LARGE,
    Play.HTML: FailureKind.WRONG_CONTENT_TYPE,
    Play.PLAIN: FailureKind.WRONG_CONTENT_TYPE,
    Play.FILTERED: FailureKind.FILTERED,
    Play.NO_ROOM: FailureKind.CUT_OFF,
}
PASSING = sorted(play for play, kind in KINDS.items() if kind in TRANSIENT)


def first(play: Play | int | Raw, times: int = 1) -> Script:
    """A script that fails that way a few times, then answers."""
    return lambda request: play if request.nth < times else Play.GOOD


@pytest.mark.parametrize("play", PASSING)
def test_what_passes_is_tried_again(serve: Serve, quick: Quick, play: Play) -> None:
    server = serve(first(play))
    endpoint = Endpoint(quick(server, timeout=0.5, max_answer_bytes=50_000, backoff=0.0))
    assert texts(endpoint.complete(asking("door"))) == ["answer to door"]
    assert [request.question for request in server.received] == ["door", "door"]
    assert endpoint.spent.retries == 1
    assert endpoint.spent.faults == {KINDS[play]: 1}
    assert endpoint.spent.failures == {}


@pytest.mark.parametrize("play", sorted(KINDS))
def test_what_stays_is_a_failure_of_its_kind(serve: Serve, quick: Quick, play: Play) -> None:
    server = serve(always(play))
    settings = quick(server, timeout=0.3, max_answer_bytes=50_000, retries=1, backoff=0.0)
    endpoint = Endpoint(settings)
    (outcome,) = endpoint.complete(asking("door"))
    assert isinstance(outcome, Failure)
    assert outcome.kind is KINDS[play]
    assert BAIT not in outcome.detail
    assert len(server.received) == (2 if outcome.kind in TRANSIENT else 1)
    assert endpoint.spent.failures == {outcome.kind: 1}
    server.script = first(Play.GOOD)
    assert texts(Endpoint(settings).complete(asking("door"))) == ["answer to door"]


@pytest.mark.parametrize(
    ("play", "text", "finish"),
    [
        (Play.REFUSAL, "i will not tell", "stop"),
        (Play.LENGTH, "a long answ", "length"),
        (Play.UNMETERED, "an answer", "stop"),
    ],
)
def test_strange_answers_that_are_answers(
    serve: Serve, quick: Quick, play: Play, text: str, finish: str
) -> None:
    (reply,) = Endpoint(quick(serve(always(play)))).complete(asking("door"))
    assert isinstance(reply, Reply)
    assert (reply.text, reply.finish_reason) == (text, finish)


def test_a_broken_gzip_is_not_an_answer(serve: Serve, quick: Quick) -> None:
    server = serve(first(Play.BAD_GZIP))
    outcomes = Endpoint(quick(server, backoff=0.0)).complete(asking("door"))
    assert texts(outcomes) == ["answer to door"]


PACKED = gzip.compress(json.dumps(completion("a packed answer")).encode())
TWICE = gzip.compress(gzip.compress(b" " * 50_000_000))


def packed(data: bytes, packing: str = "gzip", status: int = 200) -> Raw:
    return Raw(status, data, {"Content-Type": JSON_TYPE, "Content-Encoding": packing})


def test_a_packed_answer_is_read(serve: Serve, quick: Quick) -> None:
    server = serve(always(packed(PACKED)))
    assert texts(Endpoint(quick(server)).complete(asking("door"))) == ["a packed answer"]


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (packed(gzip.compress(b" " * 100_000_000)), FailureKind.TOO_LARGE),
        (packed(TWICE, "gzip, gzip"), FailureKind.TOO_LARGE),
        (packed(TWICE), FailureKind.BAD_JSON),
        (packed(zlib.compress(b" " * 20_000_000), "deflate"), FailureKind.TOO_LARGE),
        (packed(b"no gzip", status=503), FailureKind.SERVER_ERROR),
        (packed(gzip.compress(b" " * 100_000_000), status=503), FailureKind.SERVER_ERROR),
    ],
)
def test_a_small_answer_that_unpacks_to_a_huge_one_takes_no_memory(
    serve: Serve, quick: Quick, raw: Raw, kind: FailureKind
) -> None:
    server = serve(always(raw))
    endpoint = Endpoint(quick(server, max_answer_bytes=50_000, retries=0))
    tracemalloc.start()
    try:
        (outcome,) = endpoint.complete(asking("door"))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(outcome, Failure)
    assert outcome.kind is kind
    assert most < 10_000_000


@pytest.mark.parametrize(
    "headers", [{"X": "a" * 200_000}, {f"X{number}": "a" * 500 for number in range(500)}]
)
def test_endless_headers_are_a_failure(serve: Serve, quick: Quick, headers: dict[str, str]) -> None:
    server = serve(always(Raw(200, PACKED, headers)))
    (outcome,) = Endpoint(quick(server, retries=0)).complete(asking("door"))
    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.CONNECTION


def test_the_beginning_of_a_filtered_answer_is_not_an_answer(serve: Serve, quick: Quick) -> None:
    whole = json.dumps(completion("first, take", finish="content_filter")).encode()
    server = serve(always(Raw(200, whole, {"Content-Type": JSON_TYPE})))
    (outcome,) = Endpoint(quick(server)).complete(asking("door"))
    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.FILTERED
    assert len(server.received) == 1


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_request_that_the_server_will_not_have_is_asked_once(
    serve: Serve, quick: Quick, status: int
) -> None:
    server = serve(lambda request: status if request.question == "bad" else Play.GOOD)
    endpoint = Endpoint(quick(server))
    bad, good = endpoint.complete(asking("bad", "good"))
    assert isinstance(bad, Failure)
    assert (bad.kind, bad.status) == (FailureKind.CLIENT_ERROR, status)
    assert isinstance(good, Reply)
    assert len(server.received) == 2


@pytest.mark.parametrize("status", [301, 401, 402, 403, 404])
def test_where_nothing_can_work_it_says_so_at_once(serve: Serve, quick: Quick, status: int) -> None:
    server = serve(always(status))
    many = asking(*(f"door {number}" for number in range(50)))
    with pytest.raises(ConfigError, match=f"answered {status}"):
        Endpoint(quick(server, concurrency=2)).complete(many)
    assert len(server.received) <= 2


def test_an_account_without_quota_says_so_at_once(serve: Serve, quick: Quick) -> None:
    body = b'{"error": {"code": "insufficient_quota", "message": "nothing left"}}'
    server = serve(always(Raw(429, body)))
    with pytest.raises(ConfigError, match="nothing left"):
        Endpoint(quick(server)).complete(asking("door"))


def test_a_filter_that_answers_400_is_a_filter(serve: Serve, quick: Quick) -> None:
    body = b'{"error": {"code": "content_filter", "message": "filtered"}}'
    (outcome,) = Endpoint(quick(serve(always(Raw(400, body))))).complete(asking("door"))
    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.FILTERED


def test_nobody_at_home_is_a_failure(quick: Quick) -> None:
    with FaultyServer() as server:
        settings = quick(server, retries=2)
    (outcome,) = Endpoint(settings).complete(asking("door"))
    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.CONNECTION


def early(server: FaultyServer) -> list[float]:
    """When requests came in the second for which the server had asked to be left alone."""
    start = next(request.at for request in server.received if request.question == "limited")
    # Those that were under way need some time to hear of it.
    return [request.at - start for request in server.received if 0.4 < request.at - start < 0.95]


def limited(play: Play) -> Script:
    """A script that limits the rate once."""
    return lambda request: play if request.question == "limited" and not request.nth else Play.GOOD


@pytest.mark.parametrize("play", [Play.RATE_SECONDS, Play.RATE_DATE])
def test_retry_after_is_honoured_and_pauses_the_others(
    serve: Serve, quick: Quick, play: Play
) -> None:
    server = serve(limited(play), think=0.05)
    outcomes = Endpoint(quick(server, concurrency=2)).complete(
        asking("limited", *map(str, range(20)))
    )
    assert None not in texts(outcomes)
    assert early(server) == []
    first_try, second_try = (
        request.at for request in server.received if request.question == "limited"
    )
    assert second_try - first_try >= 0.95


def test_a_client_that_does_not_pause_is_seen(
    serve: Serve, quick: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    def go_on(pace: Pace, seconds: float) -> None:
        del pace, seconds

    monkeypatch.setattr(Pace, "pause", go_on)
    server = serve(limited(Play.RATE_SECONDS), think=0.05)
    Endpoint(quick(server, concurrency=2)).complete(asking("limited", *map(str, range(40))))
    assert early(server)


def test_a_server_that_asks_for_an_hour_is_given_up(serve: Serve, quick: Quick) -> None:
    server = serve(always(Play.RATE_SECONDS), retry_after="3600")
    endpoint = Endpoint(quick(server, concurrency=1))
    outcomes = endpoint.complete(asking("one", "two", "three"))
    assert [outcome.kind for outcome in outcomes if isinstance(outcome, Failure)] == [
        FailureKind.PAUSED
    ] * 3
    assert len(server.received) == 1


@pytest.mark.parametrize("asked_for", ["soon", "-1", "nan", "inf", "1e9", "", "9" * 400])
def test_an_invalid_retry_after_does_no_harm(serve: Serve, quick: Quick, asked_for: str) -> None:
    raw = Raw(429, b"", {"Retry-After": asked_for})
    server = serve(first(raw))
    assert None not in texts(Endpoint(quick(server)).complete(asking("door")))
