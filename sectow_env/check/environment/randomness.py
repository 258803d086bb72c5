"""Seeds: equal seeds give equal episodes, and no global generator is used."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

from sectow_env.check.compare import differences
from sectow_env.check.environment.subject import EnvSubject, each_seat
from sectow_env.check.fault import Skip, blamed
from sectow_env.check.randomness import kept, set_global_state, touched_by
from sectow_env.env.arena import Seating

_IMPORT = """
import random, sys
import gymnasium, numpy, pettingzoo
before = repr(random.getstate()), repr(numpy.random.get_state()[1].tolist())
__import__(sys.argv[1])
after = repr(random.getstate()), repr(numpy.random.get_state()[1].tolist())
names = [n for n, b, a in zip(("random", "numpy.random"), before, after) if a != b]
torch = sys.modules.get("torch")
if torch:
    # torch begins with a seed of 53 random bits; nobody writes a constant that long.
    seed = torch.initial_seed()
    fresh = torch.Generator().manual_seed(seed).get_state()
    if seed < 2**32 or not torch.equal(torch.get_rng_state(), fresh):
        names.append("torch")
sys.stdout.write(" ".join(names))
"""
IMPORT_SECONDS = 120


@each_seat
def resets_repeat(subject: EnvSubject, seat: Seating) -> Iterator[str]:
    """A reset with the same seed returns the same, also in a fresh environment."""
    env, other = subject.make(seat), subject.make(seat)
    seeds = [subject.seed + index for index in range(3)]
    with blamed(subject.of(seat)):
        first, again, fresh = (
            [instance.reset(seed=seed) for seed in seeds] for instance in (env, env, other)
        )
    yield from differences(first, again, "reset", ("at first", "again"))
    yield from differences(first, fresh, "reset", ("at first", "in a fresh environment"))


@each_seat
def episodes_repeat(subject: EnvSubject, seat: Seating) -> Iterator[str]:
    """The same seed and actions give the same whole episodes, down to the last pixel."""
    first, again = (subject.play(seat) for _ in "ab")
    yield from differences(first, again, "event", ("at first", "again"))


@each_seat
def global_random_untouched(subject: EnvSubject, seat: Seating) -> Iterator[str]:
    """Making, resetting and stepping leave the global random state as it was."""
    for name in touched_by(lambda: subject.play(seat)):
        yield f"it draws from or seeds {name}; own a generator instead"


@each_seat
def global_random_unread(subject: EnvSubject, seat: Seating) -> Iterator[str]:
    """Episodes do not depend on the global random state."""
    subject.trace(seat)
    traces = []
    with kept():
        for seed in (1, 2):
            set_global_state(seed)
            traces.append(subject.play(seat))
    yield from differences(traces[0], traces[1], "event", ("with one global seed", "with another"))


def import_leaves_random(subject: EnvSubject) -> Iterator[str]:
    """Importing it in a fresh process leaves the global random state as it was."""
    if subject.module is None:
        raise Skip("its module is not known")
    # A separate process, because everything is already imported here.
    done = subprocess.run(  # noqa: S603  (our own program; the module is the one under check)
        [sys.executable, "-c", _IMPORT, subject.module],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)},
        capture_output=True,
        text=True,
        timeout=IMPORT_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        yield f"importing {subject.module} in a fresh process fails: {last}"
    for name in done.stdout.split():
        yield f"importing {subject.module} draws from or seeds {name}"


@each_seat
def process_unchanged(subject: EnvSubject, seat: Seating) -> Iterator[str]:
    """Episodes leave the process as it was: environment variables, folder, warnings, numpy."""
    for name in subject.process.changed_by(lambda: subject.play(seat)):
        yield f"it changes {name}"
