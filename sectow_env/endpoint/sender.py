"""One attempt: a request goes out over HTTP, and whatever comes back is understood."""

from __future__ import annotations

import asyncio
import re
import ssl
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2

from sectow_env.endpoint.exchange import ChatRequest, Failure, FailureKind, Reply
from sectow_env.endpoint.settings import EndpointSettings
from sectow_env.endpoint.wire import Heard, body_of, error_of, parsed, read_answer
from sectow_env.errors import ConfigError

HOPELESS = frozenset({401, 402, 403, 404})
"""No request can work."""
TRY_AGAIN = frozenset({408, 409, 425, 429})
"""Errors that pass, besides those of the server (500 and above)."""
LONG_KEY = 16
"""Characters. A shorter key is a stand-in for none, such as `none`, and may be a word of a text."""
HIDDEN = "[key]"
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


class Sender:
    """Open connections to a server."""

    def __init__(self, settings: EndpointSettings, key: str | None, tls: ssl.SSLContext) -> None:
        self._settings = settings
        self._key = key
        self._url = f"{settings.base_url}/chat/completions"
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        many = settings.concurrency
        self._client = httpx2.AsyncClient(
            headers=headers,
            timeout=settings.timeout,
            limits=httpx2.Limits(max_connections=many, max_keepalive_connections=many),
            verify=tls,
            follow_redirects=False,  # The key goes nowhere else.
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def ask(self, request: ChatRequest) -> Heard:
        """Send a request once.

        Raises:
            ConfigError: The server will have no request at all.
        """
        try:
            async with asyncio.timeout(self._settings.timeout):
                return await self._exchange(body_of(self._settings, request))
        except (TimeoutError, httpx2.TimeoutException):
            detail = f"there was no whole answer within {self._settings.timeout:g} s"
            return Heard(Failure(kind=FailureKind.TIMEOUT, detail=detail))
        except httpx2.DecodingError:
            return Heard(Failure(kind=FailureKind.BAD_JSON, detail="the answer cannot be unpacked"))
        except httpx2.TransportError as error:
            detail = self._hide(f"the connection failed ({type(error).__name__}: {error})")
            return Heard(Failure(kind=FailureKind.CONNECTION, detail=detail))

    async def _exchange(self, body: bytes) -> Heard:
        async with AsyncExitStack() as stack:
            stream = self._client.stream("POST", self._url, content=body)
            response = await stack.enter_async_context(stream)
            data = await self._read(response)
        status = response.status_code
        if status != 200:
            return self._refused(status, data or b"", _retry_after(response.headers))
        if data is None:
            detail = f"the answer is longer than {self._settings.max_answer_bytes} bytes"
            return Heard(Failure(kind=FailureKind.TOO_LARGE, detail=detail, status=status))
        kind = self._without_long(response.headers.get("Content-Type", ""))
        return self._without_key(read_answer(status, kind, data))

    async def _read(self, response: httpx2.Response) -> bytes | None:
        """The answer without the key in it, so that no cut leaves a part; None where too long."""
        most, data = self._settings.max_answer_bytes, bytearray()
        try:
            async for chunk in response.aiter_bytes():
                data += chunk
                if len(data) > most:
                    return None
        except httpx2.DecodingError:
            if response.status_code == 200:
                raise
            # The status says enough.
            return None
        if self._key is None or len(self._key) < LONG_KEY:
            return bytes(data)
        for spelling in (self._key, self._key.replace("/", "\\/")):
            data = data.replace(spelling.encode("ascii"), HIDDEN.encode("ascii"))
        return bytes(data)

    def _refused(self, status: int, data: bytes, retry_after: float | None) -> Heard:
        code, message = error_of(parsed(data))
        if status in HOPELESS or status < 400 or code == "insufficient_quota":
            raise self._hopeless(status, message)
        detail = f"the server answered {status}" + (f": {self._hide(message)}" if message else "")
        if status == 429:
            kind = FailureKind.RATE_LIMITED
        elif status >= 500 or status in TRY_AGAIN:
            kind = FailureKind.SERVER_ERROR
        elif code == "content_filter":
            kind = FailureKind.FILTERED
        else:
            kind = FailureKind.CLIENT_ERROR
        return Heard(Failure(kind=kind, detail=detail, status=status), retry_after=retry_after)

    def _hopeless(self, status: int, message: str) -> ConfigError:
        name = self._settings.key_env
        if status in {401, 403}:
            # Servers repeat parts of a wrong key, so their words are not shown.
            held = "was not accepted" if self._key else "is missing"
            why = f"it answered {status}: the API key {held}, or does not open this model"
            fix = f"set the environment variable {name} to a key for it, or check key_env"
        elif status == 404:
            why = "it answered 404: there is no such address or model"
            fix = "check base_url, which mostly ends in /v1, and the name of the model"
        elif status < 400:
            why = f"it answered {status}: what is there is no chat model, or it has moved"
            fix = "give the address that it moved to as base_url"
        else:
            why = f"it answered {status}: {self._hide(message) or 'nothing is left to spend'}"
            fix = "see to the account that the key belongs to"
        return ConfigError(
            given=f"the endpoint {self._settings.base_url} with the model {self._settings.model!r}",
            why=why,
            fix=f"{fix}; what was answered so far is not lost where there is a cache",
        )

    def _without_key(self, heard: Heard) -> Heard:
        outcome = heard.outcome
        if isinstance(outcome, Failure):
            shown = outcome.model_copy(update={"detail": self._hide(outcome.detail)})
            return Heard(shown, heard.prompt_tokens, heard.completion_tokens)
        reason = outcome.finish_reason
        clean = {
            "text": self._without_long(outcome.text),
            "finish_reason": None if reason is None else self._without_long(reason),
        }
        reply: Reply = outcome.model_copy(update=clean)
        return Heard(reply, heard.prompt_tokens, heard.completion_tokens)

    def _without_long(self, text: str) -> str:
        short = self._key is None or len(self._key) < LONG_KEY
        return text if short else self._hide(text)

    def _hide(self, text: str) -> str:
        return text if self._key is None else text.replace(self._key, HIDDEN)


def _retry_after(headers: httpx2.Headers) -> float | None:
    """Seconds until the next attempt, as RFC 9110 writes them: a number, or a date."""
    given = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(given):
        return float(given)
    until = _date(given)
    if until is None:
        return None
    # By the server's own clock, where it tells the time.
    now = _date(headers.get("Date", "")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
