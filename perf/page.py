"""The page over many samples, in headless Chromium: first table, filters, search, memory.

    python perf/page.py --samples 100000

Two evaluations of so many samples each, scripted, stand beside each other. The browser is that of
CHROME, else Chromium of this machine, else playwright's own.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

FILTERS = 50
FIRST = """
new MutationObserver((_, observer) => {
  if (!document.querySelector("[role=option]")) return;
  observer.disconnect();
  requestAnimationFrame(() => setTimeout(() => { window.firstTable = performance.now(); }));
}).observe(document, { childList: true, subtree: true });
"""
"""Notes when the first rows are on the screen, in milliseconds since the page was asked for."""
FILTER = """
number => new Promise(take => {
  const selects = [...document.querySelectorAll("#browser select")]
    .filter(one => !["left", "right"].includes(one.name) && one.options.length > 1);
  const select = selects[number % selects.length];
  const start = performance.now();
  select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
  select.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(() => setTimeout(() => take(performance.now() - start)));
})
"""
"""Sets a filter; gives the milliseconds until its rows are on the screen."""
SEARCH = """
text => new Promise(take => {
  const start = performance.now(), status = document.querySelector("#browser [role=status]");
  const field = document.querySelector("#browser [type=search]");
  const look = () => status.textContent.endsWith("searched") && location.hash.includes(text)
    ? take(performance.now() - start) : setTimeout(look, 20);
  document.querySelectorAll("#browser select").forEach(one => { one.selectedIndex = 0; });
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  look();
})
"""


class Measured(NamedTuple):
    """What came out."""

    samples: int
    megabytes: float
    """Of all files of the report."""
    build_seconds: float
    first_table_ms: float
    filter_median_ms: float
    filter_worst_ms: float
    search_seconds: float
    """Through all texts, for words that are in none."""
    rows_in_document: int
    heap_before_mb: float
    """After the first table, garbage collected."""
    heap_after_filters_mb: float
    heap_after_search_mb: float


def make(folder: Path, samples: int) -> Path:
    """Write the page of two evaluations of so many samples; returns it."""
    import pandas as pd

    from sectow_benchmarks.api import evaluate
    from sectow_benchmarks.report import build_report
    from sectow_benchmarks.results.run import EvaluationRun

    runs = []
    for name in ("keyword", "answer_all"):
        real = evaluate(f"apothecary/{name}", out=folder / name, per_cell=4, per_kind=4).run
        rows = real.samples[real.samples["answered"]]
        table = pd.concat([rows] * -(-samples // len(rows)), ignore_index=True).head(samples)
        number = table.index.astype(str)
        for key in ("item", "sample", "query", "response", "cluster"):
            table[key] = table[key] + "/" + number
        table["digest"] = number.str.zfill(12)
        many = EvaluationRun(real.path, real.about)
        vars(many)["samples"] = table
        runs.append(many)
    return build_report(runs, folder / "report").page


def look(page: Path, samples: int, build_seconds: float) -> Measured:
    """Open a page and use it."""
    from playwright.sync_api import sync_playwright

    browser_path = os.environ.get("CHROME") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, chromium_sandbox=False)
        opened = browser.new_page(viewport={"width": 1280, "height": 900})
        tools = opened.context.new_cdp_session(opened)
        opened.add_init_script(FIRST)
        opened.goto(page.resolve().as_uri(), wait_until="commit")
        opened.wait_for_function("() => window.firstTable")
        first = float(opened.evaluate("() => window.firstTable"))
        rows = opened.locator("#browser [role=option]").count()
        heap = [_heap(tools)]
        filters = [float(opened.evaluate(FILTER, number)) for number in range(FILTERS)]
        heap.append(_heap(tools))
        search = float(opened.evaluate(SEARCH, "nowhere")) / 1000
        heap.append(_heap(tools))
        browser.close()
    size = sum(file.stat().st_size for file in page.parent.rglob("*") if file.is_file())
    return Measured(
        samples=samples,
        megabytes=size / 1e6,
        build_seconds=build_seconds,
        first_table_ms=first,
        filter_median_ms=statistics.median(filters),
        filter_worst_ms=max(filters),
        search_seconds=search,
        rows_in_document=rows,
        heap_before_mb=heap[0],
        heap_after_filters_mb=heap[1],
        heap_after_search_mb=heap[2],
    )


def _heap(tools: Any) -> float:
    tools.send("HeapProfiler.enable")
    tools.send("HeapProfiler.collectGarbage")
    return float(tools.send("Runtime.getHeapUsage")["usedSize"]) / 1e6


def main(
    samples: Annotated[int, typer.Option(min=100)] = 100_000,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Measure the page of many samples."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        page = make(Path(folder), samples)
        measured = look(page, samples, time.perf_counter() - began)
    if as_json:
        typer.echo(json.dumps(measured._asdict()))
        return
    for name, value in measured._asdict().items():
        typer.echo(f"{name.replace('_', ' '):24}{value:12,.1f}")


if __name__ == "__main__":
    typer.run(main)
