"""`sectow`, as one of several processes: may kill itself, and may shard on the CPU.

    torchrun --nproc_per_node 2 tests/agents/ranks.py RANK:SEAT:STEP ddp|fsdp2 train ...

accelerate turns FSDP on for other devices than the CPU, so the kind of device is made up for it;
what it then does to the weights, in parts, runs over gloo as it is.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from accelerate.state import PartialState
from accelerate.utils import DistributedType
from torch.distributed.tensor import DTensor

from sectow_agents.algorithms.recorder import Recorder
from sectow_agents.processes import own_share
from sectow_env.commands.main import main


def watch(rank: str, seat: str, step: str, *, sharded: bool) -> None:
    """Kill this process after an optimizer step of its phase; see that it trains parts, or not."""
    real = Recorder.on_step_begin

    def on_step_begin(self: Recorder, *given: Any, **more: Any) -> None:
        real(self, *given, **more)
        parts = all(isinstance(weight, DTensor) for weight in more["model"].parameters())
        if parts != sharded:
            raise SystemExit(f"the weights are in parts: {parts}")
        here = (str(own_share().rank), self._job.seat, str(given[1].global_step))
        if here == (rank, seat, step):
            os.kill(os.getpid(), signal.SIGKILL)

    # In this process only.
    setattr(Recorder, real.__name__, on_step_begin)


def shard() -> None:
    """Let accelerate shard on the CPU; it asks for the kind of device anew in each phase."""
    os.environ["ACCELERATE_TORCH_DEVICE"] = "cpu"
    PartialState._prepare_backend = lambda *_, **__: ("gloo", DistributedType.MULTI_XPU)


if __name__ == "__main__":
    kill, how, *arguments = sys.argv[1:]
    share = own_share()
    if share.size != 2:
        raise SystemExit(f"{share.size} processes were started, not 2")
    if how == "fsdp2":
        shard()
    watch(*kill.split(":"), sharded=how == "fsdp2")
    main(arguments)
