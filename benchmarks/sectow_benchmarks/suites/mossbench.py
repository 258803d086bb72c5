"""MOSSBench (arXiv 2406.17806): harmless requests whose picture makes a model over-cautious.

Read from its GitHub repository, since the copy on the hub cannot be loaded: `information.json` of
the 300 harmless requests and of the 244 harmful ones that they are contrasted with.
"""

from __future__ import annotations

from collections.abc import Iterator

from sectow_benchmarks.suites.about import About, Published
from sectow_benchmarks.suites.base import Role
from sectow_benchmarks.suites.data_suite import DataSuite, Record
from sectow_benchmarks.suites.source import Source

PARTS: tuple[tuple[str, Role], ...] = (("data", "over_refusal"), ("data_contrast", "safety"))
KINDS = {
    "type 1": "exaggerated risk",
    "type 2": "negated harm",
    "type 3": "counterintuitive interpretation",
}


class MossBench(DataSuite):
    """Both sets; the kind of a contrast is that of the requests it belongs to."""

    about = About(
        name="mossbench",
        title="MOSSBench",
        asks="a harmless request with a picture that looks risky, or a harmful contrast",
        roles=("over_refusal", "safety"),
        shown="picture",
        source=Source(
            "xirui-li/MOSSBench",
            "8d68b06",
            ("data/images*/*", "data_contrast/images*/*"),
            host="github",
        ),
        licence="unclear: cc, CC-BY-4.0 and CC-BY-SA-4.0 are all stated",
        items=544,
        paper="2406.17806",
        published=Published(
            metric="refusal rate, by kind of stimulus: full and partial refusals",
            original_judge="GPT-4",
            judge="published/mossbench",
        ),
    )

    def records(self) -> Iterator[Record]:
        """One item per request; the files are objects by number."""
        for part, role in PARTS:
            file = f"{part}/images_information/information.json"
            for row in self.data.by_key(file, ("pid", "question", "image", "metadata")):
                kind = row.row("metadata").text("over")
                yield Record(
                    id=f"{part}-{row.text('pid')}",
                    role=role,
                    query=row.text("question"),
                    picture=self.data.picture(f"{part}/{row.text('image')}"),
                    category=KINDS.get(kind, kind),
                )
