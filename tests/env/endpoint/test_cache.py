"""The cache: keyed on all that matters and on nothing else, private, only answers in it."""

from __future__ import annotations

import hashlib
import sqlite3
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from sectow_env.endpoint import cache as cache_module
from sectow_env.endpoint.cache import AnswerCache, CacheError, cache_path
from sectow_env.endpoint.client import Endpoint
from sectow_env.endpoint.exchange import ChatRequest, Reply
from sectow_env.endpoint.settings import EndpointSettings
from sectow_env.endpoint.wire import key_of
from sectow_env.game.messages import Message
from sectow_env.game.picture import Picture
from tests.env.endpoint.asking import Quick, Serve, asking, texts
from tests.env.endpoint.server import Play, Received


def picture(value: int = 0) -> Picture:
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[2, 3, 1] = value
    return Picture(pixels)


def settings(**changes: Any) -> EndpointSettings:
    usual = {"base_url": "http://localhost/v1", "model": "m", "extra": {"min_p": 0.1}, "seed": 1}
    return EndpointSettings.model_validate({**usual, **changes})


def request(*, system: str = "be brief", text: str = "door", **changes: Any) -> ChatRequest:
    shown = changes.pop("picture", picture())
    message = (
        Message(role="system", text=system),
        Message(role="user", text=text, pictures=(shown,) if shown else ()),
    )
    return ChatRequest(messages=message, **changes)


BASE = key_of(settings(), request())


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "https://localhost/v1"},
        {"base_url": "http://localhost:81/v1"},
        {"base_url": "http://localhost/v2"},
        {"model": "n"},
        {"max_tokens": 511},
        {"max_tokens": None},
        {"temperature": 0.1},
        {"temperature": None},
        {"top_p": 0.9},
        {"seed": 2},
        {"seed": None},
        {"extra": {"min_p": 0.2}},
        {"extra": {}},
        {"extra": {"min_p": 0.1, "top_k": 1}},
    ],
)
def test_a_setting_that_matters_is_in_the_key(changes: dict[str, Any]) -> None:
    assert key_of(settings(**changes), request()) != BASE


@pytest.mark.parametrize(
    "changes",
    [
        {"system": "be long"},
        {"text": "Door"},
        {"text": "door "},
        {"picture": picture(1)},
        {"picture": None},
        {"sample": 1},
        {"seed": 2},
    ],
)
def test_a_part_of_the_request_that_matters_is_in_the_key(changes: dict[str, Any]) -> None:
    assert key_of(settings(), request(**changes)) != BASE


def test_roles_and_borders_of_messages_are_in_the_key() -> None:
    def key(*messages: tuple[str, str]) -> str:
        message = tuple(
            Message.model_validate({"role": role, "text": text}) for role, text in messages
        )
        return key_of(settings(), ChatRequest(messages=message))

    keys = [
        key(("user", "a b")),
        key(("assistant", "a b")),
        key(("user", "a"), ("user", " b")),
        key(("user", "a"), ("assistant", "b")),
        key(("user", "a"), ("user", "b")),
    ]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "http://localhost/v1/"},
        {"key_env": "OTHER_KEY"},
        {"concurrency": 1},
        {"timeout": 1.0},
        {"retries": 0},
        {"backoff": 0.0},
        {"wait_seed": 3},
        {"max_requests": 9},
        {"max_spent_tokens": 9},
        {"requests_per_minute": 9.0},
        {"cache": None},
        {"temperature": 0},
    ],
)
def test_what_does_not_change_an_answer_is_not_in_the_key(changes: dict[str, Any]) -> None:
    assert key_of(settings(**changes), request()) == BASE
    again = Picture.from_bytes(picture().png)
    assert key_of(settings(), request(picture=again)) == BASE


def test_a_seed_of_the_request_is_worth_one_of_the_settings() -> None:
    assert key_of(settings(seed=5), request()) == key_of(settings(), request(seed=5))


def test_what_is_known_is_not_asked_again(serve: Serve, quick: Quick) -> None:
    server = serve()
    first = Endpoint(quick(server)).complete(asking("door", "gate"))
    second = Endpoint(quick(server)).complete(asking("gate", "door", "wall"))
    assert texts(second) == ["answer to gate", "answer to door", "answer to wall"]
    assert [outcome.cached for outcome in (*first, *second) if isinstance(outcome, Reply)] == [
        *(False, False),
        *(True, True, False),
    ]
    assert sorted(request.question for request in server.received) == ["door", "gate", "wall"]


def test_what_another_process_kept_in_the_meantime_stays(serve: Serve, quick: Quick) -> None:
    def say(request: Received) -> str:
        del request
        with AnswerCache(path) as cache:
            cache.keep(key_of(use, *asking("door")), Reply(text="the first answer"))
        return "a later one"

    server = serve(say=say)
    use = quick(server)
    assert isinstance(use.cache, Path)
    path = use.cache
    assert texts(Endpoint(use).complete(asking("door"))) == ["the first answer"]


def test_samples_are_asked_apart(serve: Serve, quick: Quick) -> None:
    server = serve()
    messages = (Message(role="user", text="door"),)
    requests = [ChatRequest(messages=messages, sample=number) for number in range(3)]
    Endpoint(quick(server)).complete(requests)
    assert len(server.received) == 3
    assert all("seed" not in request.body for request in server.received)


def test_failures_are_not_kept(serve: Serve, quick: Quick) -> None:
    server = serve(lambda request: 400 if request.question == "bad" else Play.NULL)
    use = quick(server, retries=0)
    Endpoint(use).complete(asking("bad", "null"))
    assert isinstance(use.cache, Path)
    with AnswerCache(use.cache) as cache:
        assert cache.keys() == set()


def test_it_contains_no_question_and_is_private(serve: Serve, quick: Quick) -> None:
    use = quick(serve(say=lambda request: request.question[-4:]))
    Endpoint(use).complete(asking("a very long question about a door"))
    assert isinstance(use.cache, Path)
    files = list(use.cache.parent.iterdir())
    assert files
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert b"question" not in file.read_bytes()
    assert stat.S_IMODE(use.cache.parent.stat().st_mode) == 0o700


def test_an_answer_outlives_a_power_cut(tmp_path: Path) -> None:
    with AnswerCache(tmp_path / "answers.sqlite") as cache:
        assert cache._pragma("synchronous") == 2, "each write waits for the disk"


def test_the_first_answer_stays(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    with AnswerCache(path) as first, AnswerCache(path) as other:
        assert first.keep("k", Reply(text="first")).text == "first"
        assert other.keep("k", Reply(text="second")).text == "first"
        assert other.keep("l", Reply(text="", completion_tokens=2**62)).text == ""
        kept = first.get("l")
    assert kept == Reply(text="", completion_tokens=2**62, cached=True)


def test_many_may_make_it_at_once(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def make(number: int) -> int:
        lost = 0
        for turn in range(15):
            together.wait(60)
            with AnswerCache(tmp_path / f"{turn}.sqlite") as cache:
                cache.keep(str(number), Reply(text="yes"))
                lost += str(number) in cache.keys()  # noqa: SIM118  (not a mapping)
        return lost

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(make, range(8))) == [15] * 8


@pytest.mark.parametrize("content", [b"no database at all, but long enough " * 40, None])
def test_a_foreign_file_is_left_alone(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "foreign"
    if content is None:
        database = sqlite3.connect(path)
        database.execute("CREATE TABLE doors (name TEXT)")
        database.close()
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(CacheError, match="foreign"):
        AnswerCache(path)
    assert path.read_bytes() == before


def filled(path: Path, count: int = 40) -> dict[str, Reply]:
    """A cache with answers, and what they are."""
    known = {
        f"{number:064x}": Reply(
            text=f"answer {number} \0 {'door ' * 20}", finish_reason="stop", prompt_tokens=number
        )
        for number in range(count)
    }
    with AnswerCache(path) as cache:
        for key, reply in known.items():
            cache.keep(key, reply)
    return known


def wrong(path: Path, known: dict[str, Reply]) -> list[str]:
    """Keys under which a file has another answer than was kept."""
    with AnswerCache(path) as cache:
        cache.keys()
        answers = {key: cache.get(key) for key in known}
    return [
        key
        for key, reply in answers.items()
        if reply is not None and reply != known[key].model_copy(update={"cached": True})
    ]


@pytest.mark.parametrize("flips", [1, 4, 12])
def test_a_damaged_file_gives_no_wrong_answer(tmp_path: Path, flips: int) -> None:
    known = filled(tmp_path / "whole.sqlite")
    whole = (tmp_path / "whole.sqlite").read_bytes()
    assert wrong(tmp_path / "whole.sqlite", known) == []
    rng = Random(flips)
    errors = []
    for number in range(80):
        data = bytearray(whole)
        for _ in range(flips):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path = tmp_path / f"{number}.sqlite"
        path.write_bytes(data)
        try:
            assert wrong(path, known) == []
        except CacheError as error:
            errors.append(error)
    # Whoever reads one knows what to do; most damage is to texts, and the rest can be read.
    assert all(str(tmp_path) in error.given and "deleted" in error.fix for error in errors)
    assert len(errors) < 80


def test_that_check_sees_a_cache_that_believes_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = filled(tmp_path / "one.sqlite")
    database = sqlite3.connect(tmp_path / "one.sqlite", isolation_level=None)
    database.execute("UPDATE answers SET answer = CAST(replace(answer, 'door', 'gate') AS BLOB)")
    database.close()
    monkeypatch.setattr(cache_module, "_digest", lambda key, _: known_digest(key, known))
    assert len(wrong(tmp_path / "one.sqlite", known)) == len(known)


def known_digest(key: str, known: dict[str, Reply]) -> bytes:
    whole = known[key].model_dump_json(exclude={"cached"}).encode()
    return hashlib.sha256(key.encode() + b"\0" + whole).digest()


def test_a_damaged_answer_is_asked_for_again_and_kept(serve: Serve, quick: Quick) -> None:
    server = serve()
    use = quick(server)
    Endpoint(use).complete(asking("door", "gate"))
    assert isinstance(use.cache, Path)
    database = sqlite3.connect(use.cache, isolation_level=None)
    done = database.execute(
        "UPDATE answers SET answer = CAST(replace(answer, 'to door', 'to roof') AS BLOB)"
    )
    assert done.rowcount == 2
    database.close()
    for _ in range(2):
        answers = texts(Endpoint(use).complete(asking("door", "gate")))
        assert answers == ["answer to door", "answer to gate"]
    assert sorted(request.question for request in server.received) == ["door", "door", "gate"]


@pytest.mark.parametrize("swap", ["answer", "digest"])
def test_an_answer_under_the_key_of_another_is_ignored(tmp_path: Path, swap: str) -> None:
    known = filled(tmp_path / "one.sqlite", 2)
    database = sqlite3.connect(tmp_path / "one.sqlite", isolation_level=None)
    both = "answer = x.answer" + (", digest = x.digest" if swap == "digest" else "")
    database.execute(
        f"UPDATE answers SET {both} FROM answers AS x WHERE answers.key != x.key"  # noqa: S608
    )
    database.close()
    with AnswerCache(tmp_path / "one.sqlite") as cache:
        assert [cache.get(key) for key in known] == [None, None]


def test_another_schema_and_a_folder_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    AnswerCache(path).close()
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(CacheError, match="schema"):
        AnswerCache(path)
    with pytest.raises(CacheError, match="cannot be opened"):
        AnswerCache(tmp_path)


def test_the_default_lies_in_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere/cache")
    assert cache_path(settings()) == Path("/somewhere/cache/sectow/endpoint-2.sqlite")
    assert cache_path(settings(cache=None)) is None
    assert cache_path(settings(cache="a/b.sqlite")) == Path("a/b.sqlite")
