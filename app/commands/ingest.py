"""``alsobought ingest``: files into the database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from graph import Catalog
    from graph.load import LoadReport
    from ingest import IngestReport


def ingest(
    files: Annotated[list[Path], typer.Argument(help="Files to read.", show_default=False)],
    format: Annotated[str, typer.Option(help="The files' format; auto looks at their content.")] = "auto",
    rejects: Annotated[Path | None, typer.Option(help="Write rejected and repaired lines here (JSON lines).")] = None,
    max_bad: Annotated[
        float, typer.Option(min=0, max=1, help="Stop when more than this share of lines is bad.")
    ] = 0.01,
    allow_truncated: Annotated[
        bool, typer.Option("--allow-truncated", help="Load the whole lines of a compressed file that was cut off.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take away products and pairs that the files do not name.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Read products and their related lists, and load them into the database.

    Nothing is written before everything was read. A second run of the same file changes nothing.

    Example: alsobought ingest meta_Beauty.json.gz --rejects beauty.rejects.jsonl
    """
    from app.console import print_json
    from app.database import open_database

    catalog, report = read_files(
        files, format=format, rejects=rejects, max_bad=max_bad, allow_truncated=allow_truncated, quiet=json
    )
    with open_database() as database:
        loaded = load(database, catalog, replace=replace, dry_run=dry_run, quiet=json)
    if json:
        print_json({"read": report.to_dict(), "loaded": loaded.to_dict(), "dry_run": dry_run})


def read_files(files: list[Path], *, quiet: bool = False, **settings: Any) -> tuple[Catalog, IngestReport]:
    """Read files with a progress bar and say what was in them."""
    from app.console import progress, safe, say
    from ingest import IngestSettings, read_catalog

    with progress("reading") as on_progress:
        catalog, report = read_catalog(files, IngestSettings(**settings), on_progress=on_progress)
    if not quiet:
        for line in report.summary():
            say(safe(line))
    return catalog, report


def load(
    database: Any, catalog: Catalog, *, replace: bool = False, dry_run: bool = False, quiet: bool = False
) -> LoadReport:
    """Load a catalogue with a progress bar and say what changed."""
    from app.console import progress, say
    from graph.load import load_catalog

    with progress("loading") as on_progress:
        report = load_catalog(database, catalog, replace=replace, dry_run=dry_run, on_progress=on_progress)
    if quiet:
        return report
    would = "would be " if dry_run else ""
    if report.unchanged:
        say("the database holds all of this already: nothing changed")
    else:
        say(
            f"products: {report.products_new:,} {would}new, {report.products_changed:,} changed, "
            f"{report.products_gone:,} removed; pairs: {report.pairs_new:,} new, {report.pairs_changed:,} changed, "
            f"{report.pairs_gone:,} removed ({report.seconds:.1f} s)"
        )
    say(
        f"the database holds {report.listed:,} listed and {report.unlisted:,} unlisted products, "
        f"{report.listed_pairs:,} pairs between listed ones and {report.outside_pairs:,} of a listed with an unlisted"
    )
    return report
