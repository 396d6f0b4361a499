"""Files in, a catalogue out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from graph.catalog import Catalog
from graph.errors import UserError
from ingest import formats
from ingest.intake import Intake
from ingest.product_lines import ProductLines
from ingest.rejects import RejectLog
from ingest.report import IngestReport
from ingest.settings import IngestSettings, OnProgress
from ingest.source import check_files, first_lines


def read_catalog(
    paths: Sequence[Path], settings: IngestSettings | None = None, on_progress: OnProgress | None = None
) -> tuple[Catalog, IngestReport]:
    """Read files of products, of pairs, or of both, into one catalogue.

    A product of several records keeps the first value of each field and the statements of all. Products that only
    related lists or pairs name come last, by id; they are not listed, unless no file has records of products at all.
    Memory follows the tables, not the files.

    Args:
        paths: Files, plain or gzip; a product's records may be spread over them.
        settings: How to read; ``IngestSettings()`` where absent.
        on_progress: Called as ``(what, done, total)`` with bytes on the disk.

    Raises:
        UsageError: a path that cannot be read, an unknown format, or a setting that cannot work.
        UserError: more bad lines than allowed, a damaged or cut-off file, or no products at all.
    """
    started = time.perf_counter()
    settings = settings or IngestSettings()
    paths = check_files([Path(path) for path in paths])
    if settings.format == "auto":
        chosen = [formats.detect(path, first_lines(path, settings)) for path in paths]
    else:
        chosen = [formats.checked(settings.format)] * len(paths)
    with RejectLog(settings.rejects, paths) as rejects:
        intake = Intake(settings, rejects, on_progress)
        products = ProductLines(intake)
        for path, name in zip(paths, chosen, strict=True):
            rejects.start_file()
            if name in formats.OF_PRODUCTS:
                products.read(path, formats.of_products(name).parse)
            else:
                formats.of_pairs(name).read(path, intake)
    catalog, counts = intake.builder.finish(all_listed=not intake.has_products)
    if not len(catalog.products):
        raise UserError(f"no products in {', '.join(map(str, paths))}")
    listed = int(catalog.products["listed"].sum())
    report = IngestReport(
        files=tuple(path.name for path in paths),
        format=", ".join(dict.fromkeys(chosen)),
        columns=dict(intake.columns),
        lines=intake.lines,
        products=listed,
        unlisted=len(catalog.products) - listed,
        entries=intake.entries,
        statements=counts.statements,
        repeated_entries=counts.repeated,
        pairs=len(catalog.pairs),
        pairs_between_listed=counts.between_listed,
        pairs_to_unlisted=counts.to_unlisted,
        ignored_entries=dict(sorted(intake.ignored.items())),
        bad_lines=dict(sorted(rejects.bad.items())),
        repaired=dict(sorted(rejects.repaired.items())),
        truncated=tuple(intake.truncated),
        rejects=None if settings.rejects is None else str(settings.rejects),
        bytes_read=intake.bytes_read,
        bytes_text=intake.bytes_text,
        seconds=time.perf_counter() - started,
    )
    return catalog, report
