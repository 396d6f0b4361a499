"""The gate: what must hold before a new run may serve. Every rule says what it measured, its limit and its reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from app.reembed.config import GateLimits

if TYPE_CHECKING:
    from graph import ProductGraph
    from models.run_folder import RunFolder


@dataclass(frozen=True)
class Rule:
    """One rule's outcome.

    Attributes:
        name: Short name.
        passed: None where there was nothing to compare with.
        measured: What was found.
        limit: What it may be at most (or at least, as ``reason`` says).
        reason: Why the rule is there, and what was seen.
    """

    name: str
    passed: bool | None
    measured: float | None
    limit: float | None
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """The rule as plain values."""
        return asdict(self)


def input_facts(graph: ProductGraph) -> dict[str, Any]:
    """What the next job compares its input with: kept on every run among its metrics."""
    tops = sorted({path.split(" > ")[0] for paths in graph.products["categories"] for path in paths})
    return {"listed": int(graph.listed.sum()), "pairs": graph.n_pairs, "departments": tops}


def judge_input(now: Mapping[str, Any], before: Mapping[str, Any] | None, limits: GateLimits) -> list[Rule]:
    """Does today's graph look like yesterday's? ``before`` is None where no run with such facts serves."""
    if not before:
        return [Rule("input", None, None, None, "no run with facts about its input serves, so nothing to compare with")]
    rules = []
    for name, key, limit in (
        ("products lost", "listed", limits.max_products_lost),
        ("pairs lost", "pairs", limits.max_pairs_lost),
    ):
        lost = max(0.0, 1 - now[key] / before[key]) if before[key] else 0.0
        rules.append(
            Rule(name, lost <= limit, round(lost, 4), limit, f"{before[key]:,} then, {now[key]:,} now: a fall looks "
                 "like a file that was delivered by half")
        )  # fmt: skip
    gone = sorted(set(before["departments"]) - set(now["departments"]))
    rules.append(
        Rule("departments gone", not gone, float(len(gone)), 0.0, "vanished: " + (", ".join(gone[:5]) or "none"))
    )
    return rules


def judge_model(
    folder: RunFolder,
    now: Mapping[str, Any],
    serving: Mapping[str, Any] | None,
    lost: Mapping[str, Mapping[str, float]],
    limits: GateLimits,
) -> list[Rule]:
    """Is the new run sound, and no worse than the serving run's settings on the same split of today's graph?

    Args:
        folder: The refit.
        now: Figures of its settings on the split.
        serving: Figures of the serving run's settings on the same split; None where none serves.
        lost: ``recall`` and ``ndcg`` -> by how much the serving run's settings are better, product by product:
            ``difference`` and its 95 % interval, ``low`` and ``high``.
        limits: The limits.
    """
    rules = list(_vectors(folder, limits))
    hub = folder.related["related_id"].value_counts()
    share = float(hub.iloc[0]) / max(int(folder.listed.sum()), 1) if len(hub) else 0.0
    rules.append(
        Rule("hub", share <= limits.max_hub_share, round(share, 4), limits.max_hub_share,
             "share of all lists that hold the product that stands in most of them")
    )  # fmt: skip
    if "error" in now:
        rules.append(Rule("evaluation", False, None, None, f"the settings could not be judged: {now['error']}"))
        return rules
    if serving is None or "error" in serving:
        rules.append(Rule("recall", None, None, None, "no run serves whose settings could be fitted on today's graph"))
        return rules
    rules += _lost(now, serving, lost, limits)
    if "coverage" in now and "coverage" in serving:
        least = serving["coverage"] * (1 - limits.max_coverage_lost)
        rules.append(
            Rule("coverage", now["coverage"] >= least, round(now["coverage"], 4), round(least, 4),
                 "share of the catalogue that lists show, at least")
        )  # fmt: skip
    for name, key, gain, reason in (
        ("popularity", "popularity_share", limits.max_popularity_gain,
         "share of the lists that the best linked hundredth of products takes, at most"),
        ("hub places", "hub_places", limits.max_hub_places_gain,
         "share of all places that the hundredth of products that stand in most lists takes, at most"),
        ("hubness", "hubness", limits.max_hubness_gain,
         "skewness of how many lists hold each product, at most: a few would stand everywhere"),
    ):  # fmt: skip
        if key in now and key in serving:
            most = serving[key] + gain
            rules.append(Rule(name, now[key] <= most, round(now[key], 4), round(most, 4), reason))
    return rules


def _lost(
    now: Mapping[str, Any],
    serving: Mapping[str, Any],
    lost: Mapping[str, Mapping[str, float]],
    limits: GateLimits,
) -> Iterator[Rule]:
    for name, limit in (("recall", limits.max_recall_lost), ("ndcg", limits.max_ndcg_lost)):
        key = next((key for key in now if key.startswith(f"{name}_at_")), None)
        if key is None or key not in serving or name not in lost:
            continue
        low, high = lost[name]["low"], lost[name]["high"]
        yield Rule(
            name, low <= limit, round(now[key], 4), round(serving[key], 4),
            f"the serving run's settings are better by {lost[name]['difference']:+.4f} ({low:+.4f} to {high:+.4f}), "
            f"product by product on the same split; surely better by more than {limit:g} is refused",
        )  # fmt: skip


def judge_lists(folder: RunFolder) -> list[Rule]:
    """Lists hold listed products, each once, never the product itself; and every listed product has one."""
    related = folder.related
    listed = set(folder.product_ids[folder.listed].tolist())
    empty = len(listed - set(related["product_id"]))
    foreign = int((~related["related_id"].isin(listed)).sum())
    doubled = int(related.duplicated(["product_id", "related_id"]).sum())
    itself = int((related["product_id"] == related["related_id"]).sum())
    found = {"without a list": empty, "not listed": foreign, "twice": doubled, "itself": itself}
    return [
        Rule(f"lists: {name}", count == 0, float(count), 0.0, "entries that no shop may show")
        for name, count in found.items()
    ]


def _vectors(folder: RunFolder, limits: GateLimits) -> Iterator[Rule]:
    if folder.vectors is None:
        return
    vectors = folder.vectors[folder.listed]
    wrong = int((~np.isfinite(vectors)).any(axis=1).sum())
    yield Rule("vectors: not finite", wrong == 0, float(wrong), 0.0, "products whose vector holds NaN or infinity")
    if wrong or len(vectors) < 2:
        return
    rng = np.random.default_rng(0)  # a fixed sample, so that days can be compared
    a, b = rng.integers(0, len(vectors), (2, 5_000))
    length = np.linalg.norm(vectors, axis=1)
    kept = (a != b) & (length[a] > 0) & (length[b] > 0)
    cosine = np.einsum("ij,ij->i", vectors[a[kept]], vectors[b[kept]]) / (length[a[kept]] * length[b[kept]])
    mean = float(cosine.mean()) if kept.any() else 1.0
    yield Rule(
        "vectors: collapsed", mean <= limits.max_mean_cosine, round(mean, 4), limits.max_mean_cosine,
        "mean cosine between products drawn at random",
    )  # fmt: skip
