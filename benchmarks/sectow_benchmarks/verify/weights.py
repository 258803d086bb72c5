"""The weights that were measured, and what can be counted with them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sectow_agents.models.weights import weights_digest
from sectow_benchmarks.verify.evidence import Evidence
from sectow_benchmarks.verify.findings import Finding, failed, not_checked, ok


def check_weights(evidence: Evidence) -> Finding:
    """The weights of model and attacker, where they still are, are those that were measured."""
    attacker: Mapping[str, Any] = evidence.run.about.get("attacker") or {}
    known = {
        str(about["source"]): about["sha256"]
        for about in (evidence.model, attacker)
        if about.get("source") and about.get("sha256")
    }
    present = {source: digest_here(source) for source in known}
    changed = [source for source, digest in present.items() if digest not in {None, known[source]}]
    if changed:
        return failed(f"the weights in {changed[0]} are others than those that were measured")
    absent = [source for source, digest in present.items() if digest is None]
    if absent or not known:
        where = " and ".join(absent) or "a folder: it has none"
        return not_checked(f"the weights are not in {where}")
    return ok(f"the weights in {' and '.join(known)}")


def check_tokens(evidence: Evidence) -> Finding:
    """The lengths of the answers, counted again where the model is here."""
    samples = evidence.samples
    answered = samples[samples["answered"].astype(bool)]
    source, digest = evidence.model.get("source"), evidence.model.get("sha256")
    known = answered if source else samples
    gaps = int(known["tokens"].isna().sum())
    if source and (gaps or len(samples) - len(answered) != samples["tokens"].isna().sum()):
        return failed("an answer has no length, or what was not answered has one")
    if not source:
        counted = len(samples) - gaps
        text = f"{counted} answers have a length, of a model that has no tokens"
        return failed(text) if counted else ok("the model has no tokens to count")
    if not digest or digest_here(source) != digest:
        return not_checked(f"the model is not in {source}")
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
    texts = [
        response.removeprefix(prefix)
        for response, prefix in zip(answered["response"], answered["prefix"], strict=True)
    ]
    lengths = map(len, tokenizer(texts, add_special_tokens=False)["input_ids"])
    unlike = sum(
        length != tokens for length, tokens in zip(lengths, answered["tokens"], strict=True)
    )
    if unlike:
        return failed(f"{unlike} answers have another length")
    return ok(f"{len(answered)} answers, counted again")


def digest_here(source: str) -> str | None:
    """The digest of the weights in a folder; None where there are none that can be read."""
    folder = Path(source)
    if not folder.is_dir() or not all(file.is_file() for file in folder.glob("*.safetensors")):
        return None
    return weights_digest(folder)
