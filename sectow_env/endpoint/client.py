"""The client: many requests in, as many answers out, whatever the server does in between."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass
from functools import cached_property, partial
from random import Random
from typing import TYPE_CHECKING

from sectow_env.endpoint.cache import AnswerCache, cache_path
from sectow_env.endpoint.exchange import TRANSIENT, ChatRequest, Failure, Outcome, Reply, Spent
from sectow_env.endpoint.limits import Budget, Pace
from sectow_env.endpoint.settings import EndpointSettings
from sectow_env.endpoint.wire import key_of
from sectow_env.errors import ConfigError

if TYPE_CHECKING:
    import ssl

    from tenacity import RetryCallState

    from sectow_env.endpoint.sender import Sender

OnDone = Callable[[int], None]


@dataclass(frozen=True)
class _Job:
    """A request, and the places of a call that wait for its answer."""

    key: str
    request: ChatRequest
    places: list[int]


@dataclass(frozen=True)
class _Desk:
    """What the workers of one call share."""

    sender: Sender
    cache: AnswerCache | None
    on_done: OnDone | None
    outcomes: dict[int, Outcome]

    def settle(self, job: _Job, outcome: Outcome) -> None:
        for place in job.places:
            self.outcomes[place] = outcome
            if self.on_done is not None:
                self.on_done(place)


class Endpoint:
    """A model behind an OpenAI-compatible server.

    Limits and counts last as long as the object. Calls from several threads take turns.

    Args:
        settings: Where the model is and how it is asked.
    """

    def __init__(self, settings: EndpointSettings) -> None:
        self.settings = settings
        self._rng = Random(settings.wait_seed)
        self._pace = Pace(settings, self._rng)
        self._budget = Budget(settings)
        self._lock = threading.Lock()

    @property
    def spent(self) -> Spent:
        """What was used so far."""
        return self._budget.spent

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.settings.model!r} at {self.settings.base_url})"

    def complete(
        self, requests: Sequence[ChatRequest], on_done: OnDone | None = None
    ) -> list[Outcome]:
        """Get an answer to each request, in order; equal ones are asked once.

        Each answer is in the cache before `on_done` hears of it, so a process that is stopped at
        any instant, by Control-C or by force, has to ask again at most what was under way.

        Args:
            requests: Conversations.
            on_done: Told the index of each request that is through, in the order in which they are;
                called from another thread.

        Returns:
            A reply, or a failure where there was none after all attempts.

        Raises:
            ConfigError: The server will have no request at all: wrong key, address or model; or it
                counts no tokens though `max_spent_tokens` is set.
            CacheError: The cache cannot be used.
        """
        from anyio.from_thread import start_blocking_portal

        if not requests:
            return []
        # The loop runs in a thread of its own: the caller may already be in one, as in a notebook.
        with self._lock, start_blocking_portal(name="sectow-endpoint") as portal:
            return portal.call(partial(self._complete, requests, on_done))

    async def _complete(
        self, requests: Sequence[ChatRequest], on_done: OnDone | None
    ) -> list[Outcome]:
        from sectow_env.endpoint.sender import Sender

        path = cache_path(self.settings)
        with nullcontext() if path is None else AnswerCache(path) as cache:
            sender = Sender(self.settings, self.settings.key(), self._tls)
            async with AsyncExitStack() as stack:
                stack.push_async_callback(sender.close)
                desk = _Desk(sender, cache, on_done, {})
                await self._work_off(self._jobs(requests, desk), desk)
        return [desk.outcomes[place] for place in range(len(requests))]

    def _jobs(self, requests: Sequence[ChatRequest], desk: _Desk) -> list[_Job]:
        """What has to be asked; what the cache has is settled at once."""
        jobs: dict[str, _Job] = {}
        for place, request in enumerate(requests):
            key = key_of(self.settings, request)
            jobs.setdefault(key, _Job(key, request, [])).places.append(place)
        todo = []
        for job in jobs.values():
            known = None if desk.cache is None else desk.cache.get(job.key)
            if known is None:
                todo.append(job)
            else:
                self._budget.cached()
                desk.settle(job, known)
        return todo

    async def _work_off(self, jobs: Sequence[_Job], desk: _Desk) -> None:
        waiting = iter(jobs)
        number = min(self.settings.concurrency, len(jobs))
        workers = [asyncio.create_task(self._worker(waiting, desk)) for _ in range(number)]
        try:
            for worker in asyncio.as_completed(workers):
                await worker
        finally:
            for task in workers:
                task.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _worker(self, waiting: Iterator[_Job], desk: _Desk) -> None:
        for job in waiting:
            outcome = await self._persistently(job.request, desk.sender)
            if isinstance(outcome, Failure):
                self._budget.gave_up(outcome)
            elif desk.cache is not None:
                outcome = desk.cache.keep(job.key, outcome)
            desk.settle(job, outcome)
            self._must_be_metered()

    async def _persistently(self, request: ChatRequest, sender: Sender) -> Outcome:
        from tenacity import AsyncRetrying, retry_if_result, stop_after_attempt

        attempts = AsyncRetrying(
            stop=stop_after_attempt(1 + self.settings.retries),
            retry=retry_if_result(_may_pass),
            wait=self._wait,
            retry_error_callback=_last,
        )
        tries = iter(range(1 + self.settings.retries))

        async def once() -> Outcome:
            return await self._attempt(request, sender, retry=next(tries) > 0)

        return await attempts(once)

    async def _attempt(self, request: ChatRequest, sender: Sender, *, retry: bool) -> Outcome:
        stopped = await self._pace.turn() or self._budget.take(retry=retry)
        if stopped is not None:
            return stopped
        heard = await sender.ask(request)
        self._budget.heard(heard)
        if heard.retry_after is not None:
            self._pace.pause(heard.retry_after)
        return heard.outcome

    def _wait(self, state: RetryCallState) -> float:
        """Exponential backoff with full jitter.

        https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
        """
        longest = self.settings.backoff * 2.0 ** min(state.attempt_number - 1, 64)
        return self._rng.uniform(0.0, min(longest, self.settings.longest_wait))

    def _must_be_metered(self) -> None:
        limit = self.settings.max_spent_tokens
        if limit is not None and self._budget.spent.unmetered:
            raise ConfigError(
                given=f"max_spent_tokens={limit} for the endpoint {self.settings.base_url}",
                why="the server does not say how many tokens an answer took",
                fix="limit max_requests and max_tokens instead",
            )

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        import httpx2

        return httpx2.create_ssl_context()


def _may_pass(outcome: Outcome) -> bool:
    return isinstance(outcome, Failure) and outcome.kind in TRANSIENT


def _last(state: RetryCallState) -> Outcome:
    assert state.outcome is not None
    outcome: Reply | Failure = state.outcome.result()
    return outcome
