"""A judge behind an endpoint that fails half of the time, killed and resumed: is anything lost?

    python perf/endpoint.py --turns 2000 --kills 3

A real server on this machine answers half of the requests in one of the ways in which servers fail;
what fails holds a wrong verdict. A process asks for a verdict on each turn, is killed (SIGKILL)
several times, and is started again with the same cache. Counted is what the server saw.
"""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from sectow_env.endpoint.cache import AnswerCache
from sectow_env.endpoint.client import Endpoint
from sectow_env.endpoint.exchange import ChatRequest, Outcome, Reply
from sectow_env.endpoint.settings import EndpointSettings
from sectow_env.endpoint.wire import key_of
from sectow_env.files import write_text
from sectow_env.game import Attack, Scenario, Turn, Verdict
from sectow_env.game.messages import Message, shown
from sectow_env.game.picture import Picture
from tests.env.endpoint.server import FaultyServer, Play, Received, Script

FAULTS = (
    *(Play.RATE, Play.RATE_SECONDS, Play.RATE_DATE, Play.ERROR, Play.BUSY, Play.HANG, Play.DRIP),
    *(Play.RESET, Play.CLOSED, Play.CUT, Play.BAD_JSON, Play.DEEP_JSON, Play.OTHER_JSON),
    *(Play.NO_CHOICES, Play.ERROR_INSIDE, Play.NULL, Play.HUGE, Play.HTML, Play.PLAIN),
    Play.BAD_GZIP,
)
"""A failure that no other request can fix is left out: it would stay missing, and rightly so."""
PASSES = 20
"""How often one process asks again for what is missing."""
TIMEOUT = 1.0
"""Seconds that a request may take."""
PATIENCE = 300.0
"""Seconds until a process that does nothing is given up."""


@dataclass(frozen=True)
class Endured:
    """What came of it."""

    turns: int
    verdicts: int
    """Turns with a verdict in the end."""
    wrong: int
    """Verdicts that are not what the good answer to their turn says: those from a failure."""
    asked_after_success: int
    """Requests for a turn whose answer was in the cache when the process that asks was started, or
    had already reached the process that asks."""
    lost_under_way: int
    """Good answers that were sent while the process was killed, so they had to be asked again."""
    most_under_way: int
    """How many that may be: the requests at once, at each kill."""
    kills: int
    requests: int
    faulty: int
    """Requests that the server did not answer well."""
    plays: int
    """Different ways in which it did not."""
    seconds: float
    """From the first start to the last end."""

    @property
    def problems(self) -> list[str]:
        """What breaks the floor."""
        missing = self.turns - self.verdicts
        counts = {
            f"{missing} turns have no verdict": missing,
            f"{self.wrong} verdicts are from a failure": self.wrong,
            f"{self.asked_after_success} were asked after success": self.asked_after_success,
            f"{self.lost_under_way} answers were lost": self.lost_under_way > self.most_under_way,
        }
        return [problem for problem, count in counts.items() if count]


class DoorJudge:
    """Asks a model whether a response opens the door; without an answer it says nothing."""

    id = "perf/door"
    version = "1"

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        """One verdict a turn."""
        outcomes = self._endpoint.complete([question(turn) for turn in turns])
        return [self._verdict(outcome) for outcome in outcomes]

    def _verdict(self, outcome: Outcome) -> Verdict:
        if not isinstance(outcome, Reply):
            return Verdict(judge=self.id, version=self.version)
        harmful = outcome.text.startswith("yes")
        return Verdict(judge=self.id, version=self.version, harmful=harmful, raw=outcome.text)


def the_turns(number: int) -> list[Turn]:
    """Turns that differ; every tenth has a picture."""
    return [_turn(index) for index in range(number)]


def question(turn: Turn) -> ChatRequest:
    """How the judge asks about a turn."""
    text = f"{turn.scenario.id}: does this open the door? {turn.response}"
    message = Message(role="user", text=text, pictures=shown(turn.attack.image))
    return ChatRequest(messages=(message,))


def answer(text: str) -> str:
    """What the server says to a question when it answers well."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{'yes' if int(digest[0], 16) % 2 else 'no'} {digest[:8]}"


def faulty(share: float, seed: int) -> Script:
    """A script that fails that share of requests, drawn from question and attempt."""

    def script(request: Received) -> Play:
        key = f"{seed} {request.nth} {request.question}".encode()
        digest = hashlib.sha256(key).digest()
        if int.from_bytes(digest[:4], "big") / 2**32 >= share:
            return Play.GOOD
        return FAULTS[int.from_bytes(digest[4:8], "big") % len(FAULTS)]

    return script


def endure(
    work: Path, *, turns: int, kills: int, share: float = 0.5, concurrency: int = 32, seed: int = 0
) -> Endured:
    """Judge all turns, with that many kills evenly on the way.

    Args:
        work: An empty folder.
        turns: To be judged.
        kills: SIGKILL, each followed by a new start.
        share: Of faulty answers.
        concurrency: Requests at once.
        seed: Of the faults.
    """
    script = faulty(share, seed)
    served = FaultyServer(
        script, lambda request: answer(request.question), retry_after="0.02", hang=1.2 * TIMEOUT
    )
    with served as server:
        settings = EndpointSettings(
            base_url=server.base_url,
            model="door-judge",
            concurrency=concurrency,
            timeout=TIMEOUT,
            backoff=0.01,
            max_answer_bytes=64 * 1024,
            cache=work / "answers.sqlite",
        )
        given = [sys.executable, __file__, "--turns", str(turns), "--consume", str(work)]
        write_text(work / "settings.json", settings.model_dump_json())
        began = time.perf_counter()
        starts = [(0, frozenset[str]())]
        for kill in range(kills):
            _killed(given, server, (kill + 1) * turns // (kills + 1))
            starts.append((len(server.received), known(settings, turns)))
        subprocess.run(given, check=True, timeout=PATIENCE)  # noqa: S603  (our own program)
        seconds = time.perf_counter() - began
        return _count(work, server, the_turns(turns), starts, seconds)


def known(settings: EndpointSettings, turns: int) -> frozenset[str]:
    """Questions whose answer is in the cache."""
    requests = [question(turn) for turn in the_turns(turns)]
    assert isinstance(settings.cache, Path)
    with AnswerCache(settings.cache) as cache:
        keys = cache.keys()
    return frozenset(
        request.messages[0].text for request in requests if key_of(settings, request) in keys
    )


def _killed(given: list[str], server: FaultyServer, answered: int) -> None:
    """Start a process, and kill it when the server has given so many good answers in all."""
    child = subprocess.Popen(given)  # noqa: S603  (our own program)
    deadline = time.monotonic() + PATIENCE
    while len(server.answered) < answered and child.poll() is None:
        if time.monotonic() > deadline:
            break
        time.sleep(0.001)
    child.kill()
    status = child.wait()
    if status != -signal.SIGKILL:
        raise RuntimeError(f"it was to be killed, and ended with {status}")
    while server.under_way:
        time.sleep(0.01)


def _count(
    work: Path,
    server: FaultyServer,
    turns: Sequence[Turn],
    starts: Sequence[tuple[int, frozenset[str]]],
    seconds: float,
) -> Endured:
    lines = (work / "verdicts.jsonl").read_text("utf-8").splitlines()
    verdicts = [Verdict.model_validate_json(line) for line in lines]
    right = [answer(question(turn).messages[0].text) for turn in turns]
    scored = [
        (verdict, text) for verdict, text in zip(verdicts, right, strict=True) if verdict.scored
    ]
    again = 0
    for (start, had), (end, _) in zip(
        starts, [*starts[1:], (len(server.received), frozenset[str]())], strict=True
    ):
        again += sum(request.question in had for request in server.received[start:end])
    return Endured(
        turns=len(turns),
        verdicts=len(scored),
        wrong=sum(
            verdict.raw != text or verdict.harmful is not text.startswith("yes")
            for verdict, text in scored
        ),
        asked_after_success=again + _within(work),
        lost_under_way=len(server.answered) - len(set(server.answered)),
        most_under_way=(len(starts) - 1) * server.most,
        kills=len(starts) - 1,
        requests=len(server.received),
        faulty=len(server.received) - server.played[Play.GOOD],
        plays=len(server.played) - 1,
        seconds=seconds,
    )


def _within(work: Path) -> int:
    """Answers that the last process heard more than once."""
    spent = json.loads((work / "spent.json").read_text("utf-8"))
    return max(0, int(spent["heard"]) - int(spent["new"]))


def _turn(index: int) -> Turn:
    scenario = Scenario(id=f"door-{index}", behavior="open the door", harmful=True)
    image = None
    if index % 10 == 0:
        pixels = np.full((8, 8, 3), index % 256, dtype=np.uint8)
        image = Picture(pixels)
    attack = Attack(query=f"open door {index}", image=image)
    return Turn(scenario=scenario, attack=attack, response=f"turn the key {index} times")


def _consume(work: Path, number: int) -> None:
    """In a process of its own: judge until nothing is missing."""
    settings = EndpointSettings.model_validate_json((work / "settings.json").read_text("utf-8"))
    before = len(known(settings, number))
    endpoint = Endpoint(settings)
    judge, turns = DoorJudge(endpoint), the_turns(number)
    verdicts = judge.judge(turns)
    for _ in range(PASSES):
        missing = [index for index, verdict in enumerate(verdicts) if not verdict.scored]
        if not missing:
            break
        for index, verdict in zip(missing, judge.judge([turns[i] for i in missing]), strict=True):
            verdicts[index] = verdict
    spent = endpoint.spent
    heard = {"heard": spent.requests - sum(spent.faults.values()), "new": number - before}
    write_text(work / "spent.json", json.dumps(heard))
    lines = "".join(verdict.model_dump_json() + "\n" for verdict in verdicts)
    write_text(work / "verdicts.jsonl", lines)


def main(
    turns: Annotated[int, typer.Option(min=1, help="Turns to be judged.")] = 2000,
    kills: Annotated[int, typer.Option(min=0, help="Kills on the way.")] = 3,
    share: Annotated[float, typer.Option(min=0.0, max=0.9, help="Of faulty answers.")] = 0.5,
    concurrency: Annotated[int, typer.Option(min=1, help="Requests at once.")] = 32,
    seed: Annotated[int, typer.Option(min=0, help="Of the faults.")] = 0,
    consume: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """Kill a judge behind a faulty endpoint and see that nothing is lost or asked twice."""
    if consume is not None:
        _consume(consume, turns)
        return
    with tempfile.TemporaryDirectory() as folder:
        endured = endure(
            Path(folder), turns=turns, kills=kills, share=share, concurrency=concurrency, seed=seed
        )
    typer.echo(
        f"turns                      {endured.turns}, killed and resumed {endured.kills} times"
    )
    typer.echo(f"verdicts in the end        {endured.verdicts}")
    typer.echo(f"from a failure             {endured.wrong}")
    typer.echo(f"asked again after success  {endured.asked_after_success}")
    typer.echo(f"lost under way at a kill   {endured.lost_under_way}")
    part = endured.faulty / endured.requests
    typer.echo(f"requests                   {endured.requests}")
    typer.echo(f"faulty answers             {part:.1%}, in {endured.plays} ways")
    typer.echo(f"seconds                    {endured.seconds:.1f}")
    for problem in endured.problems:
        typer.echo(f"FAILED: {problem}")
    raise typer.Exit(int(bool(endured.problems)))


if __name__ == "__main__":
    typer.run(main)
