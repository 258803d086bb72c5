"""The README.md of a data set: what the hub reads at its top, and what people read below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from sectow_benchmarks.board.markdown import md_safe, table
from sectow_benchmarks.report.page import Profile
from sectow_benchmarks.report.public import is_fictional
from sectow_benchmarks.results.attack_packs import AttackPack
from sectow_benchmarks.results.run import TABLES, EvaluationRun
from sectow_benchmarks.suites.revisions import REVISIONS

SPLIT = "test"
OURS, OTHERS = "apache-2.0", "other"
SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"))
MOST = "n>1M"
ABOUT_EVALUATION = (
    "What a model was asked, what it answered, and what judges made of it. Written by `sectow "
    "push`; `sectow pull` makes the evaluation of it again, and `sectow verify` recomputes that."
)
ABOUT_PACK = (
    "Frozen attacks, to be replayed by `sectow bench --attacks`. Written by `sectow push`; `sectow "
    "pull` makes the pack of it again."
)
INVENTED = (
    "Everything that is asked and answered here is about an invented world; nothing in it is "
    "harmful outside of it."
)
WITHHELD = (
    "This copy has **no texts and no pictures** of {}: they are not invented, or their licence or "
    "gate does not let others pass them on. Of these rows there are verdicts, lengths and digests."
)
RAW = (
    "**Warning: this copy has raw texts of attacks and answers of suites that are not invented. "
    "Keep it private, and under the licences below.**"
)


def of_evaluation(
    run: EvaluationRun, withheld: Sequence[str], profile: Profile, licence: str
) -> str:
    """The card of an evaluation."""
    about = run.about
    samples = len(run.verdicts)
    names = [file.removesuffix(".parquet") for file in TABLES]
    if any(run.path.glob("pictures.parquet")):
        names.append("pictures")
    front = _front(
        f"SecTOW evaluation of {about['model'].get('name', '')}",
        names,
        samples,
        licence or (OURS if is_fictional(about) and not withheld else OTHERS),
        ["evaluation"],
    )
    beside = {suite["name"] for suite in about.get("other_suites", ())}
    rows = [
        (str(name), str(revision), "this project" if name in REVISIONS else "none stated", "")
        for name, revision in about["suites"].items()
        if name in set(run.scores["suite"]) - beside
    ]
    rows += [
        (
            str(suite["name"]),
            str(suite["revision"]),
            str(suite.get("licence") or "none stated"),
            "withheld" if suite["name"] in withheld else "",
        )
        for suite in about.get("other_suites", ())
    ]
    lines = [
        f"# Evaluation of {md_safe(str(about['model'].get('name', '')))}",
        "",
        ABOUT_EVALUATION,
        "",
        *_warning(withheld, profile, fictional=is_fictional(about)),
        "",
        *table(("suite", "revision", "licence", "texts"), rows, escape=True),
        "",
        *_facts({"world": about["world"].get("id"), "judge": about["judge"]}),
        *_facts({"model sha256": about["model"].get("sha256")}),
        *_facts({"measured": about["created"], "versions": _versions(about["versions"])}),
        "",
        *_how_to_read(names[0]),
    ]
    return front + "\n".join(lines) + "\n"


def of_pack(pack: AttackPack, pictures: bool, profile: Profile, licence: str) -> str:
    """The card of a pack of attacks."""
    lineage = pack.about.get("lineage") or {}
    fictional = is_fictional(lineage)
    names = ["attacks", *(["pictures"] if pictures else [])]
    title = f"SecTOW attack pack {pack.about['name']}"
    front = _front(
        title, names, len(pack.items), licence or (OURS if fictional else OTHERS), ["attacks"]
    )
    lines = [
        f"# Attack pack {md_safe(str(pack.about['name']))}",
        "",
        ABOUT_PACK,
        "",
        *_warning((), profile, fictional=fictional),
        "",
        *_facts({"attacks": len(pack.items), "sha256": pack.digest}),
        *_facts({"world": (lineage.get("world") or {}).get("id"), "suite": lineage.get("suite")}),
        *_facts({"judge": lineage.get("judge"), "made": pack.about.get("created")}),
        "",
        *_how_to_read(names[0]),
    ]
    return front + "\n".join(lines) + "\n"


def _front(title: str, names: Sequence[str], rows: int, licence: str, tags: list[str]) -> str:
    """The block of YAML at the top."""
    tree = {
        "pretty_name": title,
        "license": licence,
        "language": ["en"],
        "size_categories": [next((name for most, name in SIZES if rows < most), MOST)],
        "tags": ["sectow", "red-teaming", "safety", *tags],
        "configs": [
            {
                "config_name": name,
                "data_files": [{"split": SPLIT, "path": f"{name}.parquet"}],
                **({"default": True} if name == names[0] else {}),
            }
            for name in names
        ],
    }
    return f"---\n{yaml.safe_dump(tree, sort_keys=False)}---\n\n"


def _warning(withheld: Sequence[str], profile: Profile, *, fictional: bool) -> list[str]:
    if withheld:
        names = WITHHELD.format(", ".join(map(md_safe, withheld)))
        return [names, "", RAW] if profile == "local" else [names]
    return [INVENTED if fictional else RAW]


def _facts(facts: Mapping[str, Any]) -> list[str]:
    return [f"- {name}: {md_safe(str(value))}" for name, value in facts.items() if value]


def _versions(versions: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _how_to_read(name: str) -> list[str]:
    return [
        "```python",
        "from datasets import load_dataset",
        "",
        f'rows = load_dataset(FOLDER_OR_ID, "{name}", split="{SPLIT}")',
        "```",
    ]
