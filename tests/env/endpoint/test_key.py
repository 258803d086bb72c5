"""The API key: sent to its server, and nowhere else."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from pydantic import ValidationError

from sectow_env.endpoint.client import Endpoint
from sectow_env.endpoint.exchange import Failure, Reply
from sectow_env.endpoint.settings import EndpointSettings, endpoint_settings
from sectow_env.errors import ConfigError
from tests.env.endpoint.asking import Quick, Serve, asking
from tests.env.endpoint.server import Play, Raw, Received, always, completion

KEY = "sk-0123456789abcdef-fiction"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECTOW_API_KEY", KEY)


def test_it_is_sent(serve: Serve, quick: Quick) -> None:
    server = serve()
    Endpoint(quick(server)).complete(asking("door"))
    assert server.received[0].authorization == f"Bearer {KEY}"


def test_it_is_read_when_asking(
    serve: Serve, quick: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve()
    endpoint = Endpoint(quick(server))
    monkeypatch.setenv("SECTOW_API_KEY", "another-key-of-some-length")
    endpoint.complete(asking("door"))
    assert server.received[0].authorization == "Bearer another-key-of-some-length"


def test_it_is_in_no_repr_log_failure_or_cache(
    serve: Serve, quick: Quick, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even where the server repeats it."""

    def script(request: Received) -> Play | Raw:
        if request.question == "error":
            words = f'{{"error": {{"message": "your header is {request.authorization}"}}}}'
            return Raw(400, words.encode())
        return Play.GOOD

    server = serve(script, say=lambda request: f"you sent {request.authorization}")
    use = quick(server)
    endpoint = Endpoint(use)
    with caplog.at_level(logging.DEBUG):
        reply, failure = endpoint.complete(asking("door", "error"))
    assert isinstance(reply, Reply)
    assert reply.text == "you sent Bearer [key]"
    assert isinstance(failure, Failure)
    assert failure.detail.endswith("your header is Bearer [key]")
    texts = [repr(endpoint), repr(use), use.model_dump_json(), repr(vars(endpoint)), caplog.text]
    assert not any(KEY in text for text in texts)
    assert isinstance(use.cache, Path)
    for file in use.cache.parent.iterdir():
        assert KEY.encode() not in file.read_bytes()


@pytest.mark.parametrize("written", [KEY, "sk-0123456789/abcdef/fiction"])
@pytest.mark.parametrize("escape", [False, True])
def test_no_part_of_it_is_left_where_a_message_is_cut(
    serve: Serve, quick: Quick, monkeypatch: pytest.MonkeyPatch, written: str, escape: bool
) -> None:
    monkeypatch.setenv("SECTOW_API_KEY", written)
    text = written.replace("/", r"\/") if escape else written
    for before in (185, 197):
        words = f'{{"error": {{"message": "{"x" * before}{text}"}}}}'.encode()
        answers = [
            Raw(400, words),
            Raw(200, words, {"Content-Type": "application/json"}),
            Raw(200, words, {"Content-Type": "x" * before + written}),
        ]
        for answer in answers:
            server = serve(always(answer))
            (outcome,) = Endpoint(quick(server, retries=0)).complete(asking("door"))
            assert isinstance(outcome, Failure)
            assert "sk-" not in outcome.detail


def test_it_is_in_no_reason_for_an_end(serve: Serve, quick: Quick) -> None:
    for data in (KEY, KEY.replace("s", r"\u0073")):
        body = json.dumps(completion("fine", finish="END")).replace("END", data)
        server = serve(always(Raw(200, body.encode(), {"Content-Type": "application/json"})))
        (reply,) = Endpoint(quick(server)).complete(asking("door"))
        assert isinstance(reply, Reply)
        assert (reply.text, reply.finish_reason) == ("fine", "[key]")


def test_a_stand_in_for_a_key_may_be_a_word_of_an_answer(
    serve: Serve, quick: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECTOW_API_KEY", "door")
    (reply,) = Endpoint(quick(serve())).complete(asking("door"))
    assert isinstance(reply, Reply)
    assert reply.text == "answer to door"


@pytest.mark.parametrize("status", [301, 401, 402, 403, 404])
def test_no_error_shows_it(serve: Serve, quick: Quick, status: int) -> None:
    words = f'{{"error": {{"message": "wrong key {KEY}"}}}}'.encode()
    server = serve(always(Raw(status, words)))
    with pytest.raises(ConfigError) as caught:
        Endpoint(quick(server)).complete(asking("door"))
    assert KEY not in str(caught.value)
    if status in {401, 403}:
        assert "SECTOW_API_KEY" in caught.value.fix


@pytest.mark.parametrize("key", ["sk-with a\nline-0123456789", "sk-ünïcode-0123456789"])
def test_a_key_that_cannot_be_sent_is_not_shown(
    serve: Serve, quick: Quick, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("SECTOW_API_KEY", key)
    server = serve()
    with pytest.raises(ConfigError, match="SECTOW_API_KEY") as caught:
        Endpoint(quick(server)).complete(asking("door"))
    assert key not in str(caught.value)
    assert server.received == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("base_url", f"https://user:{KEY}@host/v1"),
        ("base_url", f"https://{KEY}@host/v1"),
        ("base_url", f"https://host/v1?key={KEY}"),
        ("base_url", f"ftp://host/{KEY}"),
        ("key_env", KEY),
        ("extra", {"model": KEY}),
        ("max_tokens", KEY),
    ],
)
def test_a_key_in_the_wrong_setting_is_refused_and_not_shown(name: str, value: object) -> None:
    given = {"base_url": "https://host/v1", "model": "m", name: value}
    with pytest.raises(ValidationError) as caught:
        EndpointSettings.model_validate(given)
    with pytest.raises(ConfigError) as refused:
        endpoint_settings(**given)
    assert name in refused.value.given
    assert KEY not in str(caught.value) + str(refused.value)


def test_it_follows_no_redirect(serve: Serve, quick: Quick) -> None:
    other = serve()
    moved = {"Location": f"{other.base_url}/chat/completions"}
    server = serve(always(Raw(307, b"", moved)))
    with pytest.raises(ConfigError, match="moved"):
        Endpoint(quick(server)).complete(asking("door"))
    assert other.received == []


@pytest.mark.parametrize(
    "url",
    [
        *("", "host/v1", "https://", "https://host:port/v1", "https://ho st/v1", "file:///x"),
        *("http://host/v1\n", "http://host/v 1", "http://host/\0", f"http://host/{'v' * 3000}"),
    ],
)
def test_an_invalid_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="base_url"):
        endpoint_settings(base_url=url, model="m")


@pytest.mark.parametrize("extra", [{"x": float("nan")}, {"x": object()}, {"stream": True}])
def test_extra_fields_that_cannot_be_sent_are_refused(extra: object) -> None:
    with pytest.raises(ConfigError, match="extra"):
        endpoint_settings(base_url="http://host", model="m", extra=extra)
