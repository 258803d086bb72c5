"""The vLLM engine of a phase ends with it, also when the phase fails."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sectow_agents.algorithms.engines import close_engine


class Engine:
    """As vLLM's, which is not installed here: it notes what is called."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.llm_engine = SimpleNamespace(engine_core=SimpleNamespace(shutdown=self._shutdown))

    def _shutdown(self) -> None:
        self.calls.append("shutdown")

    def sleep(self, level: int) -> None:
        self.calls.append(f"sleep {level}")

    def close_communicator(self) -> None:
        self.calls.append("close")


@pytest.mark.parametrize(
    ("sleeps", "calls"), [(True, ["sleep 2", "shutdown"]), (False, ["shutdown"])]
)
def test_an_engine_of_the_phase_is_shut_down(sleeps: bool, calls: list[str]) -> None:
    engine = Engine()
    generation = SimpleNamespace(llm=engine, enable_sleep_mode=sleeps)
    trainer: Any = SimpleNamespace(vllm_generation=generation)
    close_engine(trainer)
    close_engine(trainer)
    assert engine.calls == calls
    assert generation.llm is None


def test_a_server_is_left() -> None:
    client = Engine()
    close_engine(SimpleNamespace(vllm_generation=SimpleNamespace(vllm_client=client)))
    assert client.calls == ["close"]


def test_without_vllm_nothing_is_closed() -> None:
    close_engine(SimpleNamespace())
