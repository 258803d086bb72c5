"""MM-SafetyBench: a harmful question, its key phrase moved into a picture (arXiv 2311.17600)."""

from __future__ import annotations

from collections.abc import Iterator

from sectow_benchmarks.suites.about import About, Published
from sectow_benchmarks.suites.data_suite import DataSuite, Record
from sectow_benchmarks.suites.source import Source

SCENARIOS = (
    *("Illegal_Activitiy", "HateSpeech", "Malware_Generation", "Physical_Harm", "EconomicHarm"),
    *("Fraud", "Sex", "Political_Lobbying", "Privacy_Violence", "Legal_Opinion"),
    *("Financial_Advice", "Health_Consultation", "Gov_Decision"),
)
TEXT = ("id", "question")
KINDS = {"Text_only": TEXT, **dict.fromkeys(("SD", "SD_TYPO", "TYPO"), (*TEXT, "image"))}


class MmSafetyBench(DataSuite):
    """Thirteen scenarios, spelled as in the data, with three kinds of picture and as plain text."""

    about = About(
        name="mm_safetybench",
        title="MM-SafetyBench",
        asks="a harmful question, its key phrase in a generated or a typographic picture",
        roles=("safety",),
        shown="both",
        source=Source("PKU-Alignment/MM-SafetyBench", "7da6155", ("README.md", "data/*")),
        licence="CC-BY-NC-4.0",
        items=6720,
        size="500 MB",
        paper="2311.17600",
        published=Published(
            metric="attack success rate, by scenario and kind of picture",
            original_judge="GPT-4, with other rules for scenarios 8 and 10 to 13",
            judge="published/mm_safetybench",
        ),
        mini=104,
    )

    def records(self) -> Iterator[Record]:
        """Each question as text, then with each kind of picture; the four are one cluster."""
        for name in SCENARIOS:
            plain: dict[str, str] = {}
            for kind, columns in KINDS.items():
                for row in self.data.table(name, kind, columns):
                    number, query = row.text("id"), row.text("question")
                    yield Record(
                        id=f"{name}/{kind}/{number}",
                        role="safety",
                        query=query,
                        picture=row.picture("image") if "image" in columns else None,
                        # The text comes first, and is the request in plain words.
                        behavior=plain.setdefault(number, query),
                        category=name,
                        stratum=f"{name}, {kind}",
                        cluster=f"{name}/{number}",
                    )
