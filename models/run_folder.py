"""A run folder: everything that a trained model leaves behind, and all that publishing needs.

    vectors.npy         float32[n, dimensions], where the model has vectors
    query_vectors.npy   the same shape, where the model asks with other vectors than it answers with
    products.parquet    product_id, listed: the rows of the vectors, in order
    map.npy             float32[n, 2], where the run has a map: NaN for products that are not listed
    related.parquet     product_id, rank (from 1), related_id, score, reason; sorted by product and rank
    run.json            what was trained, on what, how, and how well

A folder is written beside its place and then renamed, so that there is a whole one or none. What is read was written
elsewhere, perhaps by somebody else: arrays are read without pickles and everything is checked.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from graph.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

#: Raised when a reader of the old form could not read the new one.
FORMAT_VERSION: Final = 1

#: Columns of ``related.parquet``.
RELATED_COLUMNS: Final = ("product_id", "rank", "related_id", "score", "reason")

_RUN_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")

#: Key of ``run.json`` -> the types that its value may have.
_RECORD: Final[dict[str, tuple[type, ...]]] = {
    "run_id": (str,),
    "model": (str,),
    "settings": (dict,),
    "seed": (int,),
    "graph_fingerprint": (str,),
    "metadata_fingerprint": (str,),
    "metrics": (dict,),
    "created_at": (str,),
    "n_products": (int,),
    "dimensions": (int,),
    "k": (int,),
    "format": (int,),
}


@dataclass(frozen=True, eq=False)
class RunFolder:
    """A run that stands on disk.

    Attributes:
        path: The folder.
        run: The contents of ``run.json``: ``run_id``, ``model``, ``settings``, ``seed``, ``graph_fingerprint``,
            ``metadata_fingerprint``, ``metrics``, ``created_at`` (ISO 8601, UTC), ``n_products``, ``dimensions``
            (0 without vectors), ``k``, ``format``.
        product_ids: object[n] of str, ascending.
        listed: bool[n].
        vectors: float32[n, dimensions], or None.
        query_vectors: float32[n, dimensions] where they differ from ``vectors``, else None.
        related: Columns :data:`RELATED_COLUMNS`; ``rank`` int32 from 1, ``score`` float32; the lists of the products
            that have one, best first.
        map: float32[n, 2], the place of each listed product (:mod:`models.product_map`), or None.
    """

    path: Path
    run: dict[str, Any]
    product_ids: NDArray[np.object_]
    listed: NDArray[np.bool_]
    vectors: NDArray[np.float32] | None
    query_vectors: NDArray[np.float32] | None
    related: pd.DataFrame
    map: NDArray[np.float32] | None = None


def new_run_id(model: str, at: datetime | None = None) -> str:
    """``model_20261122T041500_ab12``: the time (UTC) and four random digits; fit to be part of a property's name."""
    moment = (at or datetime.now(UTC)).strftime("%Y%m%dT%H%M%S")
    return f"{model}_{moment}_{secrets.token_hex(2)}"


def write_run(folder: RunFolder) -> Path:
    """Write ``folder`` to ``folder.path``, whole or not at all; an earlier run at that place is replaced.

    Raises:
        UserError: the place holds something that is not a run, or cannot be written.
        ValueError: the contents do not fit together.
    """
    import pandas as pd

    path = folder.path.expanduser().absolute()
    check_place(path)
    problem = _problem(folder)
    if problem:
        raise ValueError(f"run {folder.run.get('run_id')}: {problem}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise UserError(f"cannot write a run to {path}: {error.strerror}", "name another folder with --out") from error
    try:
        for name, array in (
            ("vectors", folder.vectors),
            ("query_vectors", folder.query_vectors),
            ("map", folder.map),
        ):
            if array is not None:
                np.save(beside / f"{name}.npy", np.ascontiguousarray(array, dtype=np.float32), allow_pickle=False)
        products = pd.DataFrame({"product_id": folder.product_ids, "listed": folder.listed})
        products.to_parquet(beside / "products.parquet", index=False)
        folder.related.to_parquet(beside / "related.parquet", index=False)
        text = json.dumps(folder.run, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False)
        (beside / "run.json").write_text(text + "\n", encoding="utf-8")
        beside.chmod(0o755)  # mkdtemp makes it private
        if path.exists():
            shutil.rmtree(path)
        beside.rename(path)
    except OSError as error:
        raise UserError(f"cannot write a run to {path}: {error.strerror}", "is the disk full?") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return path


def check_place(path: Path) -> None:
    """Raise UserError where no run may be written: something stands there that is neither a run nor empty."""
    path = path.expanduser().absolute()
    if (path.exists() or path.is_symlink()) and not _is_replaceable(path):
        raise UserError(f"{path} exists and holds no run", "name an empty or a new folder")


def read_run(path: Path) -> RunFolder:
    """Read and check a run folder.

    Raises:
        UserError: it is not there, a file is missing or damaged, or the files do not fit together.
    """
    import pandas as pd

    path = Path(path).expanduser()
    if not path.is_dir():
        raise UserError(f"there is no run folder {path}", "`alsobought train MODEL --out DIR` writes one")
    record = _read_record(path)
    try:
        products = pd.read_parquet(_inside(path, "products.parquet"))
        related = pd.read_parquet(_inside(path, "related.parquet"))
    except (OSError, ValueError) as error:  # pyarrow's errors are ValueErrors
        raise _damaged(path, str(error)) from error
    for table, name, wanted in (
        (products, "products", ("product_id", "listed")),
        (related, "related", RELATED_COLUMNS),
    ):
        missing = [column for column in wanted if column not in table.columns]
        if missing:
            raise _damaged(path, f"{name}.parquet lacks the columns {', '.join(missing)}")
    if products["listed"].dtype != np.dtype(bool):
        raise _damaged(path, "products.parquet: `listed` is not true or false everywhere")
    folder = RunFolder(
        path=path,
        run=record,
        product_ids=products["product_id"].to_numpy(dtype=object),
        listed=np.array(products["listed"], dtype=bool),
        vectors=_read_vectors(path, "vectors.npy"),
        query_vectors=_read_vectors(path, "query_vectors.npy"),
        related=related[list(RELATED_COLUMNS)],
        map=_read_vectors(path, "map.npy"),
    )
    problem = _problem(folder)
    if problem:
        raise _damaged(path, problem)
    return folder


def _is_replaceable(path: Path) -> bool:
    """Whether ``path`` is an empty folder or one that holds a run and nothing else."""
    if path.is_symlink() or not path.is_dir():
        return False
    ours = {"vectors.npy", "query_vectors.npy", "map.npy", "products.parquet", "related.parquet", "run.json"}
    names = {entry.name for entry in path.iterdir()}
    return not names or ("run.json" in names and names <= ours)


def _inside(path: Path, name: str) -> Path:
    if not (path / name).is_file():
        raise _damaged(path, f"{name} is missing")
    return path / name


def _damaged(path: Path, what: str) -> UserError:
    return UserError(f"run folder {path}: {what}", "train again, or fetch the folder again from where it came")


def _read_record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(_inside(path, "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(path, f"run.json cannot be read ({error})") from error
    if not isinstance(record, dict):
        raise _damaged(path, "run.json holds no JSON object")
    if record.get("format") != FORMAT_VERSION:
        raise _damaged(path, f"run.json has format {record.get('format')!r}, this version reads {FORMAT_VERSION}")
    for key, types in _RECORD.items():
        value = record.get(key)
        if not isinstance(value, types) or isinstance(value, bool):
            raise _damaged(path, f"run.json: {key!r} is missing or of the wrong kind")
    return record


def _read_vectors(path: Path, name: str) -> NDArray[np.float32] | None:
    if not (path / name).exists():
        return None
    try:
        array = np.load(path / name, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(path, f"{name} cannot be read ({error})") from error
    if not isinstance(array, np.ndarray) or array.dtype != np.float32:
        raise _damaged(path, f"{name} holds no float32 array")
    return array


def _problem(folder: RunFolder) -> str | None:
    """What does not fit together, or None."""
    run, n = folder.run, len(folder.product_ids)
    if not _RUN_ID.fullmatch(str(run["run_id"])):
        return f"the run id {run['run_id']!r} is not a letter followed by letters, digits and underscores"
    try:
        if datetime.fromisoformat(run["created_at"]).tzinfo is None:
            return f"created_at {run['created_at']!r} has no time zone"
    except ValueError:
        return f"created_at {run['created_at']!r} is no time"
    if run["n_products"] != n or len(folder.listed) != n:
        return f"run.json speaks of {run['n_products']} products, products.parquet of {n}"
    if not all(isinstance(product_id, str) and product_id for product_id in folder.product_ids):
        return "products.parquet holds a product id that is not text"
    if len(set(folder.product_ids)) != n:
        return "products.parquet holds a product id twice"
    if folder.query_vectors is not None and folder.vectors is None:
        return "there are query vectors and no vectors"
    if folder.vectors is None and run["dimensions"] != 0:
        return f"run.json speaks of {run['dimensions']} dimensions and there are no vectors"
    for name, array in (("vectors", folder.vectors), ("query vectors", folder.query_vectors)):
        if array is None:
            continue
        if array.shape != (n, run["dimensions"]):
            return f"the {name} have shape {array.shape}, not ({n}, {run['dimensions']})"
        if not np.isfinite(array).all():
            return f"the {name} hold numbers that are not finite"
    if folder.map is not None:
        if folder.map.shape != (n, 2):
            return f"the map has shape {folder.map.shape}, not ({n}, 2)"
        if not np.isfinite(folder.map[folder.listed]).all():
            return "the map has no place for some listed products"
    return _problem_of_lists(folder)


def _problem_of_lists(folder: RunFolder) -> str | None:
    """What is wrong with the related lists, or None."""
    import pandas as pd

    related = folder.related
    if not (pd.api.types.is_integer_dtype(related["rank"]) and pd.api.types.is_float_dtype(related["score"])):
        return "related.parquet: `rank` must hold whole numbers and `score` floats"
    position = pd.Index(folder.product_ids)
    own = position.get_indexer(pd.Index(related["product_id"]))
    other = position.get_indexer(pd.Index(related["related_id"]))
    rank = related["rank"].to_numpy()
    if (own < 0).any() or (other < 0).any():
        return "related.parquet names a product that products.parquet does not hold"
    if (own == other).any():
        return "related.parquet lists a product as related to itself"
    if not folder.listed[other].all():
        return "related.parquet recommends a product that is not listed"
    if not np.isfinite(related["score"].to_numpy(dtype=np.float64)).all():
        return "related.parquet holds a score that is not finite"
    if not related["reason"].map(lambda reason: isinstance(reason, str)).all():
        return "related.parquet holds a reason that is not text"
    first = np.append(True, own[1:] != own[:-1]) if len(own) else np.zeros(0, dtype=bool)
    follows = np.append(False, rank[1:] == rank[:-1] + 1) if len(own) else first
    if not (np.where(first, rank == 1, follows)).all() or len(np.unique(own)) != int(first.sum()):
        return "related.parquet: the ranks of a product do not run 1, 2, 3, …"
    if len(rank) and rank.max() > folder.run["k"]:
        return f"related.parquet holds lists longer than k = {folder.run['k']}"
    if len(np.unique(own * len(position) + other)) != len(own):
        return "related.parquet lists a product twice for the same product"
    return None
