"""What `make` needs of the machine: used if present, installed if allowed, else named.

`machine` looks at what an environment is made of, `browser` at the browser of the tests of pages.
Both run before anything is installed, so they import the standard library only; once playwright is
installed, `browser` fetches playwright's own where there is no other.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

FREE_GB = 4
"""What an environment with torch's CPU build takes while it is installed."""
FREE_GB_CUDA = 12
CPU_INDEX = "TORCH_INDEX=https://download.pytorch.org/whl/cpu"
COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
APPLICATIONS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
LIBRARIES = (
    *("libnss3.so", "libnspr4.so", "libdbus-1.so.3", "libatk-1.0.so.0", "libatk-bridge-2.0.so.0"),
    *("libXcomposite.so.1", "libXdamage.so.1", "libXfixes.so.3", "libXrandr.so.2", "libgbm.so.1"),
    *("libxkbcommon.so.0", "libasound.so.2"),
)
"""What playwright's browser needs of a Linux, and does not bring."""
DRIVER = "libatomic.so.1"
"""What playwright's driver needs of a Linux to start at all; Debian's package is below."""
DRIVER_PACKAGE = "libatomic1"
DOWNLOADS = "https://cdn.playwright.dev"
PATIENCE = 3.0
"""Seconds that the server of downloads may take to answer."""
START = 20.0
"""Seconds that a program may take to start."""


def stop(missing: str, why: str, fix: str) -> NoReturn:
    """End with what is missing, why it cannot be brought, and how to get it."""
    sys.exit(f"{missing}\n  {why}\n  {fix}")


def machine(torch_index: str) -> None:
    """What an environment is made of: a place to write, free disk, Python's venv."""
    if not os.access(".", os.W_OK):
        stop(f"{Path.cwd()} cannot be written", ".venv is made in it", "copy it to your own folder")
    free = shutil.disk_usage(".").free / 1e9
    if free < FREE_GB:
        stop(
            f"{free:.1f} GB of disk are free in {Path.cwd()}",
            f"the installation needs {FREE_GB} GB, or {FREE_GB_CUDA} GB with a CUDA build of torch",
            "free some, or work in a folder on another disk",
        )
    if free < FREE_GB_CUDA and sys.platform == "linux" and not torch_index.endswith("cpu"):
        sys.stderr.write(
            f"{free:.1f} GB of disk are free, a CUDA build of torch needs {FREE_GB_CUDA} GB; "
            f"without a GPU add {CPU_INDEX}\n"
        )
    if not has_venv() and not (install(package := venv_package()) and has_venv()):
        stop(
            f"{sys.executable} cannot make an environment",
            "its modules venv and ensurepip are missing, and could not be installed from here",
            f"on Debian, as root: apt-get install {package}; or name another Python: "
            "make PYTHON=python3.12",
        )


def has_venv() -> bool:
    """Whether this Python can make an environment with pip in it; asked of a new process."""
    return _runs([sys.executable, "-c", "import ensurepip, venv"])


def venv_package() -> str:
    """Debian's package with venv and ensurepip for this Python."""
    return f"python3.{sys.version_info.minor}-venv"


def browser() -> None:
    """A browser for the tests of pages; see `executable` for which one is taken."""
    if sys.platform == "linux" and not (_loads(DRIVER) or install(DRIVER_PACKAGE)):
        stop(
            f"the tests of pages need {DRIVER}, and it was not found",
            "playwright, which steers the browser, does not start without it",
            f"install it (on Debian, as root: apt-get install {DRIVER_PACKAGE}); make demo needs "
            "none",
        )
    named = os.environ.get("CHROME")
    if named and not _runs([named, "--version"]):
        stop(f"CHROME={named} does not start", "it must be Chromium's or Chrome's program", INSTALL)
    if executable() or (install("chromium") and executable()):
        return
    absent = [name for name in LIBRARIES if sys.platform == "linux" and not _loads(name)]
    if absent:
        stop(NO_BROWSER, f"playwright's own needs libraries too, such as {absent[0]}", INSTALL)
    host = os.environ.get("PLAYWRIGHT_DOWNLOAD_HOST", DOWNLOADS)
    if find_spec("playwright") is None:
        if not _answers(host):
            stop(NO_BROWSER, f"{host}, which has playwright's own, does not answer", INSTALL)
        return
    fetch = [sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"]
    if subprocess.run(fetch, check=False).returncode:
        stop(NO_BROWSER, f"playwright could not fetch its own from {host}", INSTALL)


NO_BROWSER = "the tests of pages need a browser, and neither Chromium nor Chrome was found"
INSTALL = (
    "install Chromium (on Debian, as root: apt-get install chromium), or name a browser: "
    "make test CHROME=/path/to/chrome; make demo needs none"
)


def executable() -> str | None:
    """The browser of this machine that starts; None leaves it to playwright's own."""
    if named := os.environ.get("CHROME"):
        return named
    return next((found for found in _installed() if _runs([found, "--version"])), None)


def _installed() -> Iterator[str]:
    """Programs with a browser's name; one may be a stub that only says what to install."""
    yield from filter(None, map(shutil.which, (*COMMANDS, *APPLICATIONS)))


def install(package: str) -> bool:
    """Install a package of Debian's where we are root and it has apt-get; whether that worked."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return False
    sys.stderr.write(f"installing {package} with apt-get\n")
    quick = [apt, "-qq", "-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=10"]
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    bring = [*quick, "install", "--yes", "--no-install-recommends", package]
    return all(
        subprocess.run(command, check=False, env=env, stdout=subprocess.DEVNULL).returncode == 0
        for command in ([*quick, "update"], bring)
    )


def _answers(host: str) -> bool:
    """Whether a server answers in time."""
    answers: list[bool] = []

    def ask() -> None:
        try:
            urllib.request.urlopen(host, timeout=PATIENCE).close()  # noqa: S310  (a user's own host)
        except urllib.error.HTTPError as answer:
            # A proxy that reaches nothing answers for it, with a status of 500 or above.
            answers.append(answer.code < 500)
        except (OSError, ValueError):
            answers.append(False)
        else:
            answers.append(True)

    # A daemon, because nothing can cut short the look-up of a name.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(PATIENCE)
    return answers == [True]


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _runs(command: list[str]) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=START)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


if __name__ == "__main__":
    if sys.argv[1] == "machine":
        machine(*sys.argv[2:])
    else:
        browser()
