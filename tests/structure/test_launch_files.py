"""Files that start other programs: they parse, and say that nobody has run them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from sectow_agents.settings.file import load_config

FILES = ("configs/slurm/*", "configs/vllm/*")


def _files(root: Path) -> list[Path]:
    return sorted(file for pattern in FILES for file in root.glob(pattern))


def test_they_parse_and_are_marked(root: Path) -> None:
    assert len(_files(root)) == 5
    for file in _files(root):
        text = file.read_text(encoding="utf-8")
        assert "# Not run." in text[:50], file
        if file.suffix != ".yaml":
            assert text.startswith("#!/bin/bash\n")
            subprocess.run(["/bin/bash", "-n", str(file)], check=True)


def test_what_they_name_exists(root: Path) -> None:
    for file in (*_files(root), *root.glob("configs/accelerate/*")):
        words = file.read_text(encoding="utf-8").replace('"', " ").split()
        named = {word for word in words if word.startswith("configs/")}
        assert all((root / word).exists() for word in named), (file, named)


def test_the_settings_of_vllm_are_ours(root: Path) -> None:
    keys = yaml.safe_load((root / "configs/vllm/trained.yaml").read_text(encoding="utf-8"))
    changes = [
        f"{seat}.training.grpo.{key}={value}"
        for seat, part in keys.items()
        for key, value in part["training"]["grpo"].items()
    ]
    config = load_config(root / "configs/qwen2.5-vl-7b.yaml", changes)
    assert config.training("defender").model_dump()["grpo"]["vllm_mode"] == "colocate"


@pytest.mark.parametrize("name", ["train.sbatch", "nodes.sbatch"])
def test_a_job_resumes_what_is_there(root: Path, tmp_path: Path, name: str) -> None:
    """The programs that a cluster has only print how they were called."""
    script = root / "configs" / "slurm" / name
    bins = tmp_path / "bin"
    bins.mkdir()
    for tool in ("accelerate", "srun", "scontrol"):
        (bins / tool).write_text('#!/bin/bash\necho "$(basename "$0") $*"\n')
        (bins / tool).chmod(0o755)
    run = tmp_path / "run"
    environment = {"PATH": f"{bins}:/usr/bin:/bin", "SLURM_JOB_NODELIST": "a,b"}
    command = ["/bin/bash", str(script), "configs/qwen2.5-vl-7b.yaml", str(run)]

    def printed() -> str:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return done.stdout

    assert f"--config configs/qwen2.5-vl-7b.yaml --run {run}" in printed()
    assert "--resume" not in printed()
    run.mkdir()
    (run / "run.json").write_text("{}")
    assert printed().endswith("--resume\n")
