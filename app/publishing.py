"""From a run folder to the database: the glue between what training writes and what publishing takes."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING

from graph.run_results import RunResults

if TYPE_CHECKING:
    from models.run_folder import RunFolder


def results_of(folder: RunFolder) -> RunResults:
    """The folder's contents as publishing takes them."""
    run = folder.run
    return RunResults(
        run_id=run["run_id"],
        model=run["model"],
        settings=run["settings"],
        seed=run["seed"],
        graph_fingerprint=run["graph_fingerprint"],
        metadata_fingerprint=run["metadata_fingerprint"],
        metrics=run["metrics"],
        created_at=run["created_at"],
        product_ids=folder.product_ids,
        listed=folder.listed,
        vectors=folder.vectors,
        query_vectors=folder.query_vectors,
        related=folder.related,
        map=folder.map,
    )


def read_results(path: Path) -> RunResults:
    """Read and check a run folder.

    Raises:
        UserError: a file is missing, damaged or not what it should be.
    """
    from models.run_folder import read_run

    return results_of(read_run(path))


def who() -> str:
    """The name that is written down beside a change of a pointer."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
