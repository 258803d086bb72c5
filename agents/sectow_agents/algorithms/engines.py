"""What a phase leaves running: the vLLM engine that TRL starts for it."""

from __future__ import annotations

from typing import Any

import torch
from transformers import Trainer


def close_engine(trainer: Trainer) -> None:
    """End the engine of a phase, or the connection to a server: the next phase starts its own.

    TRL closes neither, so that each phase's engine would keep its share of the GPU.
    """
    generation: Any = getattr(trainer, "vllm_generation", None)
    if generation is None:
        return
    engine: Any = getattr(generation, "llm", None)
    if engine is not None:
        if generation.enable_sleep_mode:
            # Frees its weights and cache even where something still refers to the engine.
            engine.sleep(level=2)
        engine.llm_engine.engine_core.shutdown()
        generation.llm = None
    client: Any = getattr(generation, "vllm_client", None)
    if client is not None:
        client.close_communicator()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
