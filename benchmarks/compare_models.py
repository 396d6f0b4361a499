"""The comparison of models on a file, without a database, with its raw result: what ``alsobought compare`` does.

    python -m benchmarks.compare_models CATALOGUE.json.gz [MODEL …] --folder DIR [--seed 42] [--split products]
                                        [--done] [--out FILE]

Rows that stand in ``--folder`` for the same split and settings are not run again, so that a long comparison can be made
in pieces, a few models at a time; the last call names them all (or none, which is all) and only gathers; ``--done``
leaves out what has not been run yet. ``--out`` gets
the document of the comparison with the machine and the versions, without what only repeats it (pairwise verdicts of
models that are far apart stay in the folder).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from app.comparing import as_document, compare_on, rows_for, show_comparison, split_of
from app.report_html import write_report
from benchmarks.measuring import machine, save, versions
from graph import ProductGraph
from ingest import IngestSettings, read_catalog
from models.evaluation.compare import make_task
from models.evaluation.folder import RowFiles


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--split", choices=["pairs", "products"], default="pairs")
    parser.add_argument("--done", action="store_true", help="gather the rows that stand in the folder, run nothing")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    catalog, _ = read_catalog([options.catalogue], IngestSettings())
    split = split_of(ProductGraph.from_catalog(catalog), options.split, seed=options.seed)
    rows = rows_for(options.models)
    if options.done:
        task, files = make_task(split), RowFiles(options.folder)
        rows = {label: model for label, model in rows.items() if files.load(label, model, task, 0) is not None}
    table = compare_on(split, rows, folder=options.folder, resume=True)
    write_report(options.folder, None)
    show_comparison(table)
    if options.out is not None:
        document = as_document(table)
        document.pop("beats", None)
        named = versions("numpy", "numba", "scipy", "torch", "gensim", "lightgbm")
        save({"catalogue": options.catalogue.name, "machine": machine(), "versions": named, **document}, options.out)


if __name__ == "__main__":
    main()
