"""What the job did: for people (Markdown; HTML is :mod:`app.reembed.report_html`), for programs (JSON, Prometheus)."""

from __future__ import annotations

import itertools
import json
import os
import time
from pathlib import Path
from typing import Any, Final

from app.reembed.outcome import Outcome
from graph.errors import UserError

#: Beginnings of the figures that people are shown; the others are in the JSON.
SHOWN: Final = ("auc", "recall", "ndcg", "coverage", "popularity", "hub")


def write_report(outcome: Outcome, folder: Path) -> Path:
    """Write ``report.md``, ``report.html``, ``report.json`` and, one level up, ``reembed.prom`` (of
    ``--new-only`` ``new_products.prom``); gives the folder.

    Each file is written whole or not at all.

    Raises:
        UserError: the disk took no more, or the folder cannot be written.
    """
    try:
        return _write_report(outcome, folder)
    except OSError as error:
        raise UserError(
            f"the job ended as {outcome.status!r}, but its report cannot be written to {folder}: {error.strerror}",
            "is the disk full? what serves is not touched by that",
        ) from error


def _write_report(outcome: Outcome, folder: Path) -> Path:
    from app.reembed.report_html import page

    name = outcome.started_at.replace(":", "").replace("+0000", "Z")
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{name}_{outcome.status.replace(' ', '_')}"
    for number in itertools.count(1):  # two jobs may begin in the same second
        place = folder / (name if number == 1 else f"{name}_{number}")
        try:
            place.mkdir()
            break
        except FileExistsError:
            continue
    _write(place / "report.json", json.dumps(outcome.to_dict(), indent=1, default=str) + "\n")
    _write(place / "report.md", markdown(outcome))
    _write(place / "report.html", page(outcome))
    # a file of its own for --new-only: its success says nothing of the night's
    metrics = folder / ("new_products.prom" if outcome.new_only else "reembed.prom")
    before = metrics.read_text(encoding="utf-8") if metrics.is_file() else ""
    _write(metrics, prometheus(outcome, before))
    return place


def markdown(outcome: Outcome) -> str:
    """One screen: what was done, what the gate saw, how the lists moved."""
    lines = [
        f"# Re-embedding of {outcome.started_at}: {outcome.status}",
        "",
        f"Serves now: `{outcome.serves or 'nothing'}` (before: `{outcome.before or 'nothing'}`).",
    ]
    if outcome.counts:
        lines.append(
            f"Graph: {outcome.counts['listed']:,} listed of {outcome.counts['products']:,} products, "
            f"{outcome.counts['pairs']:,} pairs."
        )
    lines += [sentence + "." for sentence in sentences(outcome)]
    lines += [
        f"**Refused by {rule.name}:** {rule.measured} against a limit of {rule.limit}: {rule.reason}."
        for rule in outcome.refused_by
    ]
    if outcome.rules:
        lines += ["", "| rule | | measured | limit | |", "| --- | --- | --- | --- | --- |"]
        for rule in outcome.rules:
            said = {True: "passed", False: "**refused**", None: "not judged"}[rule.passed]
            lines.append(
                f"| {rule.name} | {said} | {_cell(rule.measured)} | {_cell(rule.limit)} | {_cell(rule.reason)} |"
            )
    if outcome.figures:
        keys = [key for key in outcome.figures.get("new", {}) if key.startswith(SHOWN)]
        lines += ["", "| on the same split | new | serving run's settings |", "| --- | --- | --- |"]
        serving = outcome.figures.get("serving", {})
        lines += [f"| {key} | {_cell(outcome.figures['new'][key])} | {_cell(serving.get(key))} |" for key in keys]
    drift = outcome.drift
    if drift:
        lines += [
            "",
            f"Of the first {drift['k']} of {drift['compared']:,} lists, {_cell(drift['overlap'])} stayed; "
            f"{drift['new_products']:,} products had no list before.",
            "",
        ]
        lines += [
            f"- {_cell(each['title'] or each['product_id'])}: {each['overlap']} stayed" for each in drift["movers"]
        ]
    lines += ["", "Seconds: " + ", ".join(f"{name} {seconds}" for name, seconds in outcome.seconds.items()) + "."]
    if outcome.peak_memory_mb:
        lines.append(f"Peak memory: {outcome.peak_memory_mb:,.0f} MB.")
    return "\n".join(lines) + "\n"


def sentences(outcome: Outcome) -> list[str]:
    """What is to be said of it beside figures, without the full stops."""
    said = []
    if outcome.error:
        said.append(f"It went wrong: {outcome.error}")
    if outcome.resumed:
        said.append(outcome.resumed[:1].upper() + outcome.resumed[1:])
    new = outcome.new_products
    if new:
        said.append(
            f"{new['found']:,} products came after the run that serves: {new['from_pairs']:,} have a list from the "
            f"products they are linked with, {new['from_descriptions']:,} from those described alike, "
            f"{new['from_popularity']:,} of what is popular; {new['written']:,} were written"
            if new["found"]
            else "No product came after the run that serves: there was nothing to do"
        )
    elif outcome.status == "unchanged":
        said.append("The graph and the settings are those of the run that serves: there was nothing to do")
    if outcome.start:
        said.append(outcome.start[:1].upper() + outcome.start[1:])
    return said


def prometheus(outcome: Outcome, before: str = "") -> str:
    """The text format of Prometheus, for a textfile collector; ``before`` is the last text, whose success is kept."""
    done = outcome.done
    job = "alsobought_new_products" if outcome.new_only else "alsobought_reembed"
    figures: dict[str, Any] = outcome.figures.get("new", {})
    values: dict[str, float] = {
        f"{job}_finished_timestamp_seconds": time.time(),
        f"{job}_success": float(done),
        f"{job}_refused": float(outcome.status == "refused"),
    }
    kept = f"{job}_last_success_timestamp_seconds"
    if done:
        values[kept] = time.time()
    else:
        last = [line for line in before.splitlines() if line.startswith(f"{kept} ")]
        if last:
            values[kept] = float(last[-1].split()[1])
    for key, value in figures.items():
        if key.startswith(("recall_at_", "ndcg_at_")) or key in ("coverage", "hubness", "popularity_share"):
            values[f"alsobought_{key}"] = float(value)
    values |= {f"{job}_{key}": float(value) for key, value in outcome.new_products.items()}
    text = "".join(f"{name} {value:.6f}\n" for name, value in values.items())
    return text + "".join(
        f'{job}_step_seconds{{step="{name}"}} {seconds}\n' for name, seconds in outcome.seconds.items()
    )


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value).replace("|", "\\|").replace("\n", " ")
