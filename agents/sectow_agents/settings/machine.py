"""How something was made: when, with which versions, on which processor."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sectow_env.registry.extras import version_of

_CPU_FILE = Path("/proc/cpuinfo")


def origin(packages: Iterable[str]) -> dict[str, Any]:
    """Time, versions of packages, Python and platform, in the form of run.json."""
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {package: version_of(package) for package in packages},
        "python": platform.python_version(),
        "platform": platform.platform(),
    }


def processor(*, detailed: bool = False) -> str:
    """The name of the processor, as far as the system gives it.

    Args:
        detailed: With its family and model, since several types share one name.
    """
    cpu = _first_core()
    if "model name" not in cpu:
        return platform.processor() or platform.machine()
    names = ("cpu family", "model") if detailed else ()
    return ", ".join([cpu["model name"], *(f"{key} {cpu[key]}" for key in names if key in cpu)])


def _first_core() -> dict[str, str]:
    try:
        core, _, _ = _CPU_FILE.read_text(encoding="utf-8").partition("\n\n")
    except OSError:
        return {}
    pairs = (line.partition(":") for line in core.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}
