"""The first half of `sectow doctor`: what is installed, and what this machine offers."""

from __future__ import annotations

import os
import platform
import shutil
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from sectow_env.errors import pip_line
from sectow_env.registry.extras import EXTRAS, missing, version_of

OPTIONAL_PARTS = ("vllm", "bitsandbytes", "deepspeed", "torchvision")
"""In no extra: each is for some models or machines only."""
TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
HUB_TIMEOUT = 3.0
"""Seconds, unless HF_HUB_ETAG_TIMEOUT, the variable of the hub's own library, gives others."""
BASE_PARTS = ("gymnasium", "pettingzoo", "numpy", "pillow", "pydantic", "typer")
CGROUP = Path("/sys/fs/cgroup")
GIB = 2**30


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True)


class Cuda(_Section):
    """What torch reports about GPUs."""

    build: str | None
    """CUDA version that torch was built for; None for a build without CUDA."""
    devices: tuple[str, ...]


class Hub(_Section):
    """Access to the Hugging Face hub; the token itself is never read."""

    host: str
    token: bool
    """Whether there is one, in the environment or in a file of the hub's own login."""
    reachable: bool | None
    """None where it was not asked, since HF_HUB_OFFLINE is set."""


class Machine(_Section):
    """What the machine offers; None if unknown."""

    cores: int
    """Cores that this process may run on."""
    core_limit: float | None
    """A container's CPU quota, in cores."""
    memory_gib: float | None
    memory_limit_gib: float | None
    """A container's memory limit."""
    disk_free_gib: float
    """In the current folder."""


class Diagnosis(_Section):
    """The output of `sectow doctor`."""

    sectow: str | None
    python: str
    platform: str
    parts: dict[str, str | None]
    """Package -> version; None where it is not installed."""
    missing: dict[str, tuple[str, ...]]
    """Extra -> its packages that are not installed."""
    machine: Machine
    cuda: Cuda | None
    """None where torch is not installed."""
    vllm_range: str | None
    """Versions of vLLM that the installed TRL works with; None where that is unknown."""
    hub: Hub


def diagnose() -> Diagnosis:
    """Inspect the installation and the machine."""
    packages = (*BASE_PARTS, *EXTRAS["all"].values(), *OPTIONAL_PARTS)
    return Diagnosis(
        sectow=version_of("sectow"),
        python=platform.python_version(),
        platform=platform.platform(),
        parts={package: version_of(package) for package in packages},
        missing={extra: tuple(missing(extra)) for extra in EXTRAS},
        machine=Machine(
            cores=_cores(),
            core_limit=core_limit(CGROUP),
            memory_gib=_memory_gib(),
            memory_limit_gib=memory_limit_gib(CGROUP),
            disk_free_gib=round(shutil.disk_usage(Path.cwd()).free / GIB, 1),
        ),
        cuda=_cuda(),
        vllm_range=vllm_range(),
        hub=hub(),
    )


def as_text(diagnosis: Diagnosis) -> str:
    """A diagnosis for a terminal, one line per row, not wrapped."""
    machine = diagnosis.machine
    rows = [
        ("sectow", diagnosis.sectow or "not installed (run from its folder)"),
        ("python", f"{diagnosis.python} on {diagnosis.platform}"),
        *((package, installed or "-") for package, installed in diagnosis.parts.items()),
        *(
            (f"extra {extra}", _extra(extra, packages))
            for extra, packages in diagnosis.missing.items()
        ),
        ("cores", f"{machine.cores}{_limit(machine.core_limit, '')}"),
        ("memory", f"{_known(machine.memory_gib)}{_limit(machine.memory_limit_gib, ' GiB')}"),
        ("free disk", _known(machine.disk_free_gib)),
        ("cuda", _cuda_words(diagnosis.cuda)),
        ("vllm for trl", diagnosis.vllm_range or "unknown without trl"),
        ("hub", _hub_words(diagnosis.hub)),
    ]
    width = max(len(label) for label, _ in rows) + 2
    return "\n".join(f"{label:<{width}}{value}" for label, value in rows)


def vllm_range() -> str | None:
    """The versions of vLLM that the installed TRL names for its own extra."""
    try:
        named = requires("trl") or ()
    except PackageNotFoundError:
        return None
    ranges = (line.partition(";")[0] for line in named if line.startswith("vllm"))
    return next((text.removeprefix("vllm").strip() for text in ranges), None)


def hub() -> Hub:
    """Ask the hub for nothing but an answer, briefly."""
    # Imported late: the rest of the diagnosis needs no network.
    import httpx2

    address = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    home = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface"))
    file = Path(os.environ.get("HF_TOKEN_PATH", home / "token"))
    reachable: bool | None = None
    if os.environ.get("HF_HUB_OFFLINE", "0").upper() not in {"1", "ON", "YES", "TRUE"}:
        try:
            reachable = httpx2.head(address, timeout=_hub_timeout()).status_code < 500
        except (httpx2.HTTPError, httpx2.InvalidURL):
            reachable = False
    return Hub(
        # An address may contain a password.
        host=urlsplit(address).hostname or "unreadable address",
        token=any(os.environ.get(name) for name in TOKENS) or file.is_file(),
        reachable=reachable,
    )


def _hub_timeout() -> float:
    given = os.environ.get("HF_HUB_ETAG_TIMEOUT", "")
    return float(given) if given.isdecimal() else HUB_TIMEOUT


def core_limit(cgroup: Path) -> float | None:
    """CPU quota of a container in cores, or None."""
    quota, period = [*_words(cgroup / "cpu.max"), "", ""][:2]
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() else None


def memory_limit_gib(cgroup: Path) -> float | None:
    """Memory limit of a container, or None."""
    limit = [*_words(cgroup / "memory.max"), ""][0]
    return round(int(limit) / GIB, 1) if limit.isdigit() else None


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").split()
    except OSError:
        return []


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB, 1)
    except (AttributeError, ValueError, OSError):
        # Not available on every system.
        return None


def _cuda() -> Cuda | None:
    if "torch" in missing("train"):
        return None
    # By name: no module of this package imports torch, and mypy need not follow it.
    torch = import_module("torch")
    devices = (torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count()))
    return Cuda(build=torch.version.cuda, devices=tuple(devices))


def _extra(extra: str, packages: tuple[str, ...]) -> str:
    return "complete" if not packages else f"lacks {', '.join(packages)}; {pip_line(extra)}"


def _known(gib: float | None) -> str:
    return "unknown" if gib is None else f"{gib} GiB"


def _limit(limit: float | None, unit: str) -> str:
    return "" if limit is None else f", limited to {limit:g}{unit}"


def _hub_words(seen: Hub) -> str:
    reached = {True: "reachable", False: "not reachable", None: "not asked (HF_HUB_OFFLINE)"}
    token = "a token is set" if seen.token else "no token: gated models need `hf auth login`"
    return f"{seen.host} {reached[seen.reachable]}; {token}"


def _cuda_words(cuda: Cuda | None) -> str:
    if cuda is None:
        return "unknown without torch"
    if not cuda.devices:
        return f"no device (torch built for {cuda.build or 'CPU'})"
    return f"{', '.join(cuda.devices)} (torch built for CUDA {cuda.build})"
