"""An environment under check, with all its views."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, get_args

from sectow_env.check.environment.play import Trace, play_single
from sectow_env.check.fault import Fault, Skip, blamed
from sectow_env.check.process import Process
from sectow_env.env.arena import Seating

SEATS: tuple[Seating, ...] = get_args(Seating)
EPISODES = 3


@dataclass(frozen=True)
class EnvSubject:
    """An environment under check.

    Attributes:
        who: How findings name it.
        single: Makes the Gymnasium view; takes `seat`, `render_mode` and the options.
        vector: Makes the vector view; takes `num_envs` too; or None.
        aec: Makes the PettingZoo AEC view, or None.
        parallel: Makes the PettingZoo Parallel view, or None.
        module: What a user imports for it; None if not known.
        options: Options of every view, such as the world.
        seed: Seed of the episodes.
        process: The process before the first episode.
    """

    who: str
    single: Callable[..., Any]
    vector: Callable[..., Any] | None = None
    aec: Callable[..., Any] | None = None
    parallel: Callable[..., Any] | None = None
    module: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    process: Process = field(default_factory=Process)
    _first: dict[Seating, list[Trace]] = field(default_factory=dict)

    def make(self, seat: Seating, **kwargs: Any) -> Any:
        """The bare Gymnasium environment of a seat.

        Raises:
            Fault: It cannot be made.
        """
        with blamed(self.of(seat)):
            return self.single(seat=seat, **{**self.options, **kwargs}).unwrapped

    def make_vector(self, num_envs: int, seat: Seating, **kwargs: Any) -> Any:
        """The vector environment of a seat.

        Raises:
            Skip: There is no vector view.
            Fault: It cannot be made.
        """
        if self.vector is None:
            raise Skip("it has no vector environment")
        with blamed(f"the vector form of {self.of(seat)}"):
            return self.vector(num_envs=num_envs, seat=seat, **{**self.options, **kwargs})

    def of(self, seat: Seating) -> str:
        """How findings name one of its seats."""
        return f"{self.who} with seat={seat!r}"

    def trace(self, seat: Seating) -> list[Trace]:
        """The traces of a seat's first episodes; the same at every call.

        Raises:
            Skip: They do not repeat, so nothing can be compared with them.
            Fault: The environment raised something.
        """
        if seat not in self._first:
            first, again = (self.play(seat) for _ in "ab")
            if first != again:
                raise Skip(f"episodes with seat={seat!r} do not repeat: see episodes_repeat")
            self._first[seat] = first
        return self._first[seat]

    def play(self, seat: Seating, **kwargs: Any) -> list[Trace]:
        """The traces of the first episodes of a fresh environment.

        Raises:
            Fault: The environment raised something.
        """
        env = self.make(seat, **kwargs)
        with blamed(self.of(seat)):
            return play_single(env, seat, self.seed, EPISODES)


def each_seat(
    check: Callable[[EnvSubject, Seating], Iterator[str]],
) -> Callable[[EnvSubject], Iterator[str]]:
    """Make a check of one seat one of every seat; a fault in one does not stop the others."""

    @wraps(check)
    def every_seat(subject: EnvSubject) -> Iterator[str]:
        skipped = []
        for seat in SEATS:
            try:
                for finding in check(subject, seat):
                    yield f"seat={seat!r}: {finding}"
            except Fault as fault:
                yield str(fault)
            except Skip as skip:
                skipped.append(str(skip))
        if len(skipped) == len(SEATS):
            raise Skip(skipped[0])

    return every_seat
