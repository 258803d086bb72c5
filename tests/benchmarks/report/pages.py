"""What the tests of the page are shown: a training run, and evaluations with hostile words."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from sectow_agents.algorithms.job import Summary
from sectow_agents.run.folder import Finished
from sectow_agents.run.monitor import Quality
from sectow_benchmarks.report.story import Story, _bands, _curves
from sectow_benchmarks.results.run import EvaluationRun
from sectow_env.game.tally import Diversity, Tally

STATUS = "#browser [role=status]"
HOSTILE = "</title><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{7*7}}"


def story(label: str = "asr") -> Story:
    """A training run of one round."""
    lines = [
        {"event": "step", "round": 1, "seat": seat, "asr": 0.1 * step, "over_refusal": None}
        for seat in ("attacker", "defender")
        for step in range(4)
    ]
    none = Tally()
    phase = Finished(
        summary=Summary(seat="attacker", round=1, steps=4, seconds=2.0, metrics={}),
        quality=Quality(
            benign=none,
            benign_by_channel={},
            attacks=none,
            attacks_by_channel={},
            diversity=Diversity(successes=0, channels=None, frames=None),
        ),
        objections=(HOSTILE,),
        admitted=7,
    )
    return Story(
        Path("run"), {"config_sha256": "ab", "seed": 0}, (phase,), (f"warned of {label}",),
        tuple(_bands(lines)),
        tuple(_curves(lines)), len(lines),
    )  # fmt: skip


def hostile(run: EvaluationRun, folder: Path, text: str = HOSTILE) -> EvaluationRun:
    """A copy of an evaluation in which every text that comes from outside is hostile."""
    shutil.copytree(run.path, folder)
    about = json.loads((folder / "run.json").read_text())
    about |= {"name": text, "created": text, "python": text, "platform": text}
    about["model"] |= {"name": text, "source": text, "sha256": text}
    about["attacker"] = {"name": text, text: text}
    about["versions"][text] = text
    (folder / "run.json").write_text(json.dumps(about))
    samples = run.samples.assign(query=text, response=text, behavior=text, model=text)
    samples.loc[samples["suite"] == "safety", ["channel", "frame", "outcome"]] = text
    samples.to_parquet(folder / "samples.parquet", index=False)
    return EvaluationRun.open(folder)


def ready(opened: Any, ending: str = "samples") -> str:
    """What the browser of samples reports of its rows, once that ends so."""
    opened.page.wait_for_function(
        "([where, ending]) => document.querySelector(where).textContent.endsWith(ending)",
        arg=[STATUS, ending],
    )
    return str(opened.page.locator(STATUS).inner_text())
