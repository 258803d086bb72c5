"""What `make demo` and `make test` say, and how soon, on a machine that lacks what they need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from tests import prepare

TOOLS = ("sh", "make", "sed", "cksum", "cut", "cat", "env")
SOON = 5.0
WORKS = "#!/bin/sh\nexit 0\n"
FAILS = "#!/bin/sh\necho 'install me with snap'\nexit 1\n"


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    text: str
    seconds: float


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder for PATH with make, this Python and nothing else."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found is not None, name
        (folder / name).symlink_to(found)
    (folder / "python3").symlink_to(Path(sys.executable).resolve())
    return folder


@pytest.fixture
def clone(root: Path, tmp_path: Path) -> Path:
    """What make reads of a fresh clone."""
    folder = tmp_path / "clone"
    (folder / "tests").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "tests/prepare.py"):
        shutil.copy(root / name, folder / name)
    return folder


def program(file: Path, text: str) -> Path:
    file.unlink(missing_ok=True)
    file.write_text(text)
    file.chmod(0o755)
    return file


def make(clone: Path, tools: Path, *words: str) -> Ended:
    """Runs make; the server of playwright's browser is one that refuses."""
    env = {"PATH": str(tools), "HOME": str(clone), "PLAYWRIGHT_DOWNLOAD_HOST": "http://127.0.0.1:9"}
    started = time.monotonic()
    done = subprocess.run(
        [str(tools / "make"), *words],
        cwd=clone,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    return Ended(done.returncode, done.stdout + done.stderr, time.monotonic() - started)


def test_without_a_browser_the_tests_end_at_once_and_say_how_to_get_one(
    clone: Path, tools: Path
) -> None:
    ended = make(clone, tools, "test")
    assert ended.code != 0
    assert "neither Chromium nor Chrome was found" in ended.text
    assert "apt-get install chromium" in ended.text
    assert ended.seconds < SOON
    assert not (clone / ".venv").exists()


def test_a_browser_that_starts_is_enough(clone: Path, tools: Path) -> None:
    program(tools / "google-chrome", WORKS)
    assert make(clone, tools, "ready").code == 0


def test_a_stub_that_only_says_what_to_install_is_not_a_browser(clone: Path, tools: Path) -> None:
    program(tools / "chromium-browser", FAILS)
    assert "neither Chromium nor Chrome" in make(clone, tools, "ready").text


def test_a_browser_may_be_named(clone: Path, tools: Path, tmp_path: Path) -> None:
    browser = program(tmp_path / "mine", WORKS)
    assert make(clone, tools, "ready", f"CHROME={browser}").code == 0
    ended = make(clone, tools, "ready", "CHROME=/nowhere/chrome")
    assert ended.code != 0
    assert "CHROME=/nowhere/chrome does not start" in ended.text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root installs system packages")
def test_root_installs_the_system_package(clone: Path, tools: Path) -> None:
    (tools / "chmod").symlink_to(shutil.which("chmod") or "")
    program(
        tools / "apt-get",
        f'#!/bin/sh\necho "$@" >> {clone}/log\ncase "$*" in *\'chromium\'*) '
        f"printf '#!/bin/sh\\nexit 0\\n' > {tools}/chromium; chmod 755 {tools}/chromium;; esac\n",
    )
    ended = make(clone, tools, "ready")
    assert (ended.code, "installing chromium with apt-get" in ended.text) == (0, True)
    update, bring = (clone / "log").read_text().splitlines()
    assert update.endswith("update")
    assert "install --yes --no-install-recommends chromium" in bring


@pytest.mark.parametrize("target", ["demo", "test", "install"])
def test_a_missing_or_old_python_is_named_with_a_newer_one(
    clone: Path, tools: Path, target: str
) -> None:
    python = (tools / "python3").resolve()
    (tools / "python3").unlink()
    missing = make(clone, tools, target)
    assert missing.code != 0
    assert "python3 is missing or older than Python 3.11" in missing.text
    program(tools / "python3", FAILS)
    (tools / "python3.12").symlink_to(python)
    old = make(clone, tools, target)
    assert "make PYTHON=python3.12" in old.text
    assert max(missing.seconds, old.seconds) < SOON


def test_a_python_without_venv_names_the_package(clone: Path, tools: Path) -> None:
    python = (tools / "python3").resolve()
    # As Debian's python3 is without python3-venv: the script runs, the module is not there.
    (clone / "sitecustomize.py").write_text("import sys\nsys.modules['ensurepip'] = None\n")
    program(tools / "python3", f'#!/bin/sh\nexport PYTHONPATH={clone}\nexec {python} "$@"\n')
    ended = make(clone, tools, "demo")
    assert ended.code != 0
    assert f"apt-get install python3.{sys.version_info.minor}-venv" in ended.text
    assert ended.seconds < SOON


def test_too_little_disk_is_said_before_anything_is_installed(clone: Path, tools: Path) -> None:
    file = clone / "tests" / "prepare.py"
    file.write_text(file.read_text().replace("FREE_GB = 4", "FREE_GB = 4_000_000"))
    ended = make(clone, tools, "demo")
    assert ended.code != 0
    assert "GB of disk are free" in ended.text
    assert not (clone / ".venv").exists()


def test_no_package_index_is_said_by_its_name(clone: Path, tools: Path) -> None:
    env = ("PIP_CONFIG_FILE=/dev/null", "PIP_NO_INDEX=1", "PIP_FIND_LINKS=")
    ended = make(clone, tools, "demo", *env)
    assert ended.code != 0
    assert "no package index can be reached" in ended.text


def test_a_library_without_which_playwright_does_not_start_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prepare, "DRIVER", "libabsent.so.9")
    monkeypatch.setattr(prepare, "install", lambda _: False)
    with pytest.raises(SystemExit, match=r"need libabsent\.so\.9(?s:.*)apt-get install libatomic1"):
        prepare.browser()
