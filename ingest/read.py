"""Files in, a catalogue out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from graph.catalog import Catalog
from graph.errors import UserError
from ingest import formats
from ingest.formats import sql
from ingest.intake import Intake
from ingest.orders import OrderReport, convert
from ingest.orders.table import OrderTable
from ingest.product_lines import ProductLines
from ingest.records import Record
from ingest.rejects import RejectLog
from ingest.report import IngestReport
from ingest.settings import IngestSettings, OnProgress
from ingest.source import check_files, first_lines, named_files, standard_input_kept


def read_catalog(
    paths: Sequence[Path],
    settings: IngestSettings | None = None,
    on_progress: OnProgress | None = None,
    *,
    queries: Sequence[sql.SqlQuery] = (),
) -> tuple[Catalog, IngestReport]:
    """Read files of products, of pairs, of orders, or of several kinds, into one catalogue.

    A product of several records keeps the first value of each field and the statements of all. Products that only
    related lists or pairs name come last, by id; they are not listed, unless no file has records of products at all.
    Memory follows the tables, not the files.

    Args:
        paths: Files, plain, gzip or zstd; folders of such, patterns like ``data/*.gz``, and ``-`` for the standard
            input. A product's records may be spread over them.
        settings: How to read; ``IngestSettings()`` where absent.
        on_progress: Called as ``(what, done, total)`` with bytes on the disk.
        queries: SQL queries whose rows are read after the files.

    Raises:
        UsageError: a path that cannot be read, an unknown format, or a setting that cannot work.
        UserError: more bad lines than allowed, a damaged or cut-off file, or no products at all.
    """
    started = time.perf_counter()
    settings = settings or IngestSettings()
    with standard_input_kept([Path(path) for path in paths]) as kept:
        found = check_files(named_files(kept)) if kept or not queries else []
        return _read_files(found, queries, settings, on_progress, started)


def _read_files(
    paths: list[Path],
    queries: Sequence[sql.SqlQuery],
    settings: IngestSettings,
    on_progress: OnProgress | None,
    started: float,
) -> tuple[Catalog, IngestReport]:
    if settings.format == "auto":
        chosen = [formats.detect(path, first_lines(path, settings), settings.columns) for path in paths]
    else:
        chosen = [formats.checked(settings.format)] * len(paths)
    with RejectLog(settings.rejects, paths) as rejects:
        intake = Intake(settings, rejects, on_progress, orders=OrderTable(settings.orders))
        products = ProductLines(intake)
        for path, name in zip(paths, chosen, strict=True):
            rejects.start_file()
            if name in formats.OF_PRODUCTS:
                products.read(path, formats.of_products(name).parse)
            elif name in (*formats.OF_RECORDS, *formats.OF_TABLES):
                formats.of_records(name).read(path, products)
            else:
                formats.of_pairs(name).read(path, intake)
        for query in queries:
            rejects.start_file()
            chosen.append(sql.read(query, products))
    order_report = _add_orders(intake) if len(intake.orders) else None
    catalog, counts = intake.builder.finish(all_listed=not intake.has_products)
    if not len(catalog.products):
        raise UserError(f"no products in {', '.join([*map(str, paths), *(query.name for query in queries)])}")
    listed = int(catalog.products["listed"].sum())
    report = IngestReport(
        files=(*(path.name for path in paths), *(query.name for query in queries)),
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
        orders=order_report,
    )
    return catalog, report


def _add_orders(intake: Intake) -> OrderReport:
    """Make pairs of the collected orders, and products of what was bought where no file has products."""
    bought, report = convert(intake.orders, intake.settings.orders, intake.on_progress)
    builder = intake.builder
    ids = bought.products["product_id"].to_numpy(dtype=object)
    titles, prices = bought.products["title"].tolist(), bought.products["price"].tolist()
    for product_id, title, price in zip(ids.tolist(), titles, prices, strict=True):
        if not intake.has_products or builder.is_listed(product_id):
            builder.add_product(Record(product_id, title=title, price=price))
    pairs = bought.pairs
    builder.add_pairs(ids[pairs["a"]].tolist(), ids[pairs["b"]].tolist(), pairs["weight"].tolist())
    return report
