"""When the next request may start, and whether it may at all."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from random import Random

from sectow_env.endpoint.exchange import Failure, FailureKind, Spent
from sectow_env.endpoint.settings import EndpointSettings
from sectow_env.endpoint.wire import Heard


class Pace:
    """The clock of all requests of a client: an even rate, and pauses that the server asks for.

    Args:
        settings: Say the rate and the longest wait.
        rng: Spreads those that wait for the end of a pause.
    """

    def __init__(self, settings: EndpointSettings, rng: Random) -> None:
        per_minute = settings.requests_per_minute
        self._interval = 0.0 if per_minute is None else 60.0 / per_minute
        self._longest = settings.longest_wait
        self._spread = settings.backoff
        self._rng = rng
        self._next = 0.0
        self._resume = 0.0

    def pause(self, seconds: float) -> None:
        """Let no request start for so long."""
        self._resume = max(self._resume, time.monotonic() + seconds)

    async def turn(self) -> Failure | None:
        """Wait until a request may start; a failure where that would take too long."""
        while True:
            now = time.monotonic()
            pause = self._resume - now
            if pause > self._longest:
                detail = f"the server asks to wait {pause:.0f} s, more than {self._longest:g} s"
                return Failure(kind=FailureKind.PAUSED, detail=detail)
            if pause > 0:
                await asyncio.sleep(pause + self._rng.uniform(0.0, self._spread))
                continue
            start = max(now, self._next)
            self._next = start + self._interval
            if start > now:
                await asyncio.sleep(start - now)
            # Another request may have started a pause in the meantime.
            if self._resume <= time.monotonic():
                return None


class Budget:
    """Counts what a client uses, and says when it is enough."""

    def __init__(self, settings: EndpointSettings) -> None:
        self._settings = settings
        self._count: Counter[str] = Counter()
        self._faults: Counter[FailureKind] = Counter()
        self._failures: Counter[FailureKind] = Counter()

    def take(self, *, retry: bool) -> Failure | None:
        """Count a request that is about to be sent; a failure where it may not."""
        spent, limits = self.spent, self._settings
        if limits.max_requests is not None and spent.requests >= limits.max_requests:
            detail = f"max_requests={limits.max_requests} have been sent"
            return Failure(kind=FailureKind.SPENT, detail=detail)
        if limits.max_spent_tokens is not None and spent.tokens >= limits.max_spent_tokens:
            detail = f"{spent.tokens} of max_spent_tokens={limits.max_spent_tokens} have been used"
            return Failure(kind=FailureKind.SPENT, detail=detail)
        self._count["requests"] += 1
        self._count["retries"] += retry
        return None

    def heard(self, heard: Heard) -> None:
        """Count what an attempt brought."""
        self._count["prompt_tokens"] += heard.prompt_tokens or 0
        self._count["completion_tokens"] += heard.completion_tokens or 0
        if isinstance(heard.outcome, Failure):
            self._faults[heard.outcome.kind] += 1
        elif heard.prompt_tokens is None or heard.completion_tokens is None:
            self._count["unmetered"] += 1

    def cached(self) -> None:
        """Count an answer from the cache."""
        self._count["cached"] += 1

    def gave_up(self, failure: Failure) -> None:
        """Count a request that gets no answer."""
        self._failures[failure.kind] += 1

    @property
    def spent(self) -> Spent:
        """The sums so far."""
        return Spent(
            requests=self._count["requests"],
            retries=self._count["retries"],
            cached=self._count["cached"],
            prompt_tokens=self._count["prompt_tokens"],
            completion_tokens=self._count["completion_tokens"],
            unmetered=self._count["unmetered"],
            faults=dict(self._faults),
            failures=dict(self._failures),
        )
