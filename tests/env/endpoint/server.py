"""A real HTTP server that answers chat completions, or fails in the way that its script says."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

BAIT = "a text that is in failures only"
JSON_TYPE = "application/json"


class Play(StrEnum):
    """How a request is answered."""

    GOOD = "good"
    RATE = "429"
    RATE_SECONDS = "429 with seconds"
    RATE_DATE = "429 with a date"
    ERROR = "500"
    BUSY = "503"
    HANG = "no answer"
    DRIP = "a slow answer"
    RESET = "a connection that is reset"
    CLOSED = "a connection that is closed"
    CUT = "half an answer"
    BAD_JSON = "bad JSON"
    DEEP_JSON = "deep JSON"
    OTHER_JSON = "JSON of another shape"
    NO_CHOICES = "no choices"
    ERROR_INSIDE = "an error with status 200"
    NULL = "null content"
    HUGE = "a huge answer"
    HTML = "HTML"
    PLAIN = "JSON under another type"
    BAD_GZIP = "a broken gzip"
    FILTERED = "a filtered answer"
    REFUSAL = "a refusal field"
    UNMETERED = "no usage"
    LENGTH = "cut at its longest"
    NO_ROOM = "cut before any text"


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    question: str
    """Text of the last message."""
    nth: int
    """How often this question came before."""
    body: dict[str, Any]
    authorization: str | None
    path: str
    at: float
    """Monotonic seconds."""


Script = Callable[[Received], "Play | int | Raw"]


@dataclass(frozen=True)
class Raw:
    """An answer word for word."""

    status: int
    data: bytes
    headers: dict[str, str] = field(default_factory=dict)


def always(play: Play | int | Raw) -> Script:
    """A script that does one thing."""

    def script(request: Received) -> Play | int | Raw:
        del request
        return play

    return script


def completion(text: object, **changes: Any) -> dict[str, Any]:
    """A chat completion with that content."""
    message = {"role": "assistant", "content": text, **changes.pop("message", {})}
    choice = {"index": 0, "message": message, "finish_reason": changes.pop("finish", "stop")}
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    return {"object": "chat.completion", "choices": [choice], "usage": usage, **changes}


def echo(request: Received) -> str:
    return f"answer to {request.question}"


class FaultyServer:
    """Serves until the `with` block ends.

    Args:
        script: What each request gets; default: a good answer.
        say: Text of a good answer.
        think: Seconds that a good answer takes.
        retry_after: What a 429 with seconds asks for, as it is sent.
        hang: Seconds until a connection without an answer is closed.
    """

    def __init__(
        self,
        script: Script | None = None,
        say: Callable[[Received], str] = echo,
        *,
        think: float = 0.0,
        retry_after: str = "1",
        hang: float = 20.0,
    ) -> None:
        self.script = script or always(Play.GOOD)
        self.say = say
        self.think = think
        self.retry_after = retry_after
        self.hang = hang
        self.received: list[Received] = []
        self.answered: list[str] = []
        """Questions whose good answer was sent to its end, in order."""
        self.played: Counter[str] = Counter()
        self.under_way = 0
        self.most = 0
        """Largest number of requests that were under way at once."""
        self.closing = threading.Event()
        self.lock = threading.Lock()
        self._times: Counter[str] = Counter()
        owner = self

        class Handler(_Handler):
            server_of = owner

        self._http = _Http(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def note(self, body: dict[str, Any], authorization: str | None, path: str) -> Received:
        content = body["messages"][-1]["content"]
        question = content if isinstance(content, str) else content[-1]["text"]
        with self.lock:
            request = Received(
                question, self._times[question], body, authorization, path, time.monotonic()
            )
            self._times[question] += 1
            self.received.append(request)
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        return request

    def __enter__(self) -> FaultyServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that went away are what this server is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_of: FaultyServer

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (its name)
        """Say nothing."""

    def do_POST(self) -> None:
        owner = self.server_of
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        request = owner.note(body, self.headers["Authorization"], self.path)
        try:
            play = owner.script(request)
            with owner.lock:
                owner.played[str(play)] += 1
            if isinstance(play, Raw):
                self._send(play.status, play.data, play.headers)
            elif isinstance(play, int):
                self._send_json({"error": {"message": BAIT}}, play)
            else:
                self._perform(play, request)
        finally:
            with owner.lock:
                owner.under_way -= 1

    def _perform(self, play: Play, request: Received) -> None:
        if play in _BODIES:
            self._send_json(_BODIES[play])
        elif play in _RAW:
            raw = _RAW[play]
            self._send(raw.status, raw.data, raw.headers)
        elif play is Play.GOOD:
            self.server_of.closing.wait(self.server_of.think)
            self._send_json(completion(self.server_of.say(request)))
            with self.server_of.lock:
                self.server_of.answered.append(request.question)
        elif play in {Play.RATE_SECONDS, Play.RATE_DATE}:
            self._limit(play)
        else:
            self._break_off(play)

    def _limit(self, play: Play) -> None:
        wait = self.server_of.retry_after
        now = datetime.now(UTC)
        if play is Play.RATE_DATE:
            wait = format_datetime(now + timedelta(seconds=float(wait)), usegmt=True)
        data = json.dumps(completion(BAIT)).encode()
        # Both dates are of one instant, for they show no fractions of a second.
        clock = {"Date": format_datetime(now, usegmt=True)}
        self._send(429, data, {"Content-Type": JSON_TYPE, "Retry-After": wait, **clock})

    def _break_off(self, play: Play) -> None:
        self.close_connection = True
        if play is Play.HANG:
            self.server_of.closing.wait(self.server_of.hang)
            return
        data = json.dumps(completion(BAIT)).encode()
        if play in {Play.CUT, Play.DRIP}:
            self.send_response(200)
            self.send_header("Content-Type", JSON_TYPE)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
        if play is Play.CUT:
            self.wfile.write(data[: len(data) // 2])
        if play is Play.DRIP:
            with suppress(OSError):
                for byte in data:
                    self.wfile.write(bytes([byte]))
                    if self.server_of.closing.wait(0.05):
                        return
        if play is Play.RESET:
            # With no time to linger, closing sends a reset.
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()

    def _send_json(self, answer: object, status: int = 200) -> None:
        self._send(status, json.dumps(answer).encode(), {"Content-Type": JSON_TYPE})

    def _send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        for name, value in {"Date": self.date_time_string(), **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


_BODIES: dict[Play, object] = {
    Play.OTHER_JSON: {"choices": [{"text": BAIT}]},
    Play.NO_CHOICES: {**completion(BAIT), "choices": []},
    Play.ERROR_INSIDE: {"error": {"message": "the model behind is away", "code": 502}},
    Play.NULL: completion(None),
    Play.FILTERED: completion("", finish="content_filter"),
    Play.REFUSAL: completion(None, message={"refusal": "i will not tell"}),
    Play.UNMETERED: completion("an answer", usage=None),
    Play.LENGTH: completion("a long answ", finish="length"),
    Play.NO_ROOM: completion(None, finish="length"),
}
_GOOD_LOOKING = json.dumps(completion(BAIT)).encode()
_AS_JSON = {"Content-Type": JSON_TYPE}
_RAW: dict[Play, Raw] = {
    Play.RATE: Raw(429, _GOOD_LOOKING, _AS_JSON),
    Play.ERROR: Raw(500, _GOOD_LOOKING, _AS_JSON),
    Play.BUSY: Raw(503, b"", _AS_JSON),
    Play.BAD_JSON: Raw(200, _GOOD_LOOKING[:-1], _AS_JSON),
    Play.DEEP_JSON: Raw(200, b"[" * 40_000, _AS_JSON),
    Play.HUGE: Raw(200, json.dumps(completion(BAIT * 5000)).encode(), _AS_JSON),
    Play.HTML: Raw(200, f"<html>{BAIT}</html>".encode(), {"Content-Type": "text/html"}),
    Play.PLAIN: Raw(200, _GOOD_LOOKING, {"Content-Type": "text/plain"}),
    Play.BAD_GZIP: Raw(
        200, gzip.compress(_GOOD_LOOKING)[:-20], {**_AS_JSON, "Content-Encoding": "gzip"}
    ),
}
