"""Anybody's split of pairs, out of files: what to learn from, what to ask for, and perhaps pairs that are unrelated."""

from __future__ import annotations

import gzip
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from graph.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from models.evaluation import Split

#: More pairs than this are refused: they would not fit beside the models on one machine.
MOST_PAIRS: Final = 100_000_000


@dataclass(frozen=True)
class PairFile:
    """The pairs of one file: ``a`` and ``b`` (text) and ``weight`` (float, 1 where the file has none)."""

    path: Path
    pairs: pd.DataFrame


def read_pairs(path: Path) -> PairFile:
    """Read pairs of ids: CSV with a header, or columns separated by white space without one; gzip where it ends in .gz.

    Two columns of ids, which stay text whatever they look like, and perhaps a third of weights (in CSV also any column
    named ``weight``).

    Raises:
        UsageError: no such file, no pairs, too many, a line that is no pair or a weight that is no positive number,
            named by its line.
    """
    import numpy as np
    import pandas as pd

    header, comma = _look_at(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # it would drop columns that have no name
            table = pd.read_csv(
                path,
                sep="," if comma else r"\s+",
                header=0 if header else None,
                dtype=str,
                keep_default_na=False,
                na_filter=False,
                nrows=MOST_PAIRS + 1,
                encoding="utf-8-sig",
                skip_blank_lines=False,
                index_col=False,
                compression="gzip" if path.suffix == ".gz" else None,
            )
    except (OSError, EOFError, UnicodeDecodeError, ValueError, pd.errors.ParserWarning) as error:
        raise UsageError(f"{path}: cannot be read as pairs ({error})") from error
    first_line = 2 if header else 1
    if len(table) == 0:
        raise UsageError(f"{path}: holds no pairs")
    if len(table) > MOST_PAIRS:
        raise UsageError(f"{path}: holds more than {MOST_PAIRS:,} pairs, which is more than one machine compares on")
    if table.shape[1] < 2:
        raise UsageError(f"{path}: has one column, and a pair needs two", "CSV with a header, or white space between")
    ids = table.iloc[:, :2].apply(lambda column: column.fillna("").str.strip())
    wrong = np.flatnonzero((ids == "").any(axis=1).to_numpy())
    if len(wrong):
        raise UsageError(f"{path}, line {first_line + int(wrong[0])}: an id is missing")
    weights = _weights(table, path, first_line)
    pairs = pd.DataFrame({"a": ids.iloc[:, 0].to_numpy(object), "b": ids.iloc[:, 1].to_numpy(object)})
    return PairFile(path, pairs.assign(weight=weights))


def _look_at(path: Path) -> tuple[bool, bool]:
    """Whether the file begins with a header, and whether commas part its columns."""
    opened: Any = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8-sig") as file:
            line = file.readline()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{path}: cannot be read ({reason})") from error
    if "," in line:
        return True, True
    parts = line.split()
    return len(parts) >= 3 and not _is_number(parts[2]), False


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _weights(table: pd.DataFrame, path: Path, first_line: int) -> Any:
    """float64[m]: the weight column, or ones."""
    import numpy as np
    import pandas as pd

    named = [column for column in table.columns if str(column).strip().lower() == "weight"]
    column = named[0] if named else table.columns[2] if table.shape[1] == 3 else None
    if column is None:
        return np.ones(len(table))
    weights = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float64)
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights > 0)))
    if len(wrong):
        at = int(wrong[0])
        raise UsageError(f"{path}, line {first_line + at}: the weight {table[column].iloc[at]!r} is no positive number")
    return weights


@dataclass(frozen=True)
class FileSplit:
    """A split out of files and what had to be left out of it.

    Attributes:
        split: The split; every product that any file names is listed.
        dropped: What was left out -> how many pairs, and the first of them as text.
        unseen_products: Products that only test or negatives name: no model can know them.
    """

    split: Split
    dropped: dict[str, tuple[int, str]]
    unseen_products: int


def split_from_files(
    train: Path, test: Path, negatives: Path | None = None, *, seed: int = 42, strict: bool = False
) -> FileSplit:
    """The split that the files describe.

    Pairs are unordered. Test pairs that stand in the training file would be a leak: they are dropped and counted, or
    refused where ``strict``; so are pairs of a product with itself and negatives that are no negatives.

    Raises:
        UsageError: see :func:`read_pairs`; nothing left to test on; ``strict`` and something would be dropped.
    """
    import numpy as np
    import pandas as pd

    from graph import ProductGraph
    from models.evaluation import Split
    from models.evaluation.split import contains, pair_keys

    learned, asked = read_pairs(train), read_pairs(test)
    unrelated = None if negatives is None else read_pairs(negatives)
    files = [learned, asked, *([unrelated] if unrelated else [])]
    every = pd.unique(np.concatenate([file.pairs[side].to_numpy(object) for file in files for side in ("a", "b")]))
    products = pd.DataFrame(index=pd.Index(every, dtype=object, name="product_id"))
    pairs = learned.pairs
    graph = ProductGraph.from_pairs(
        pairs["a"].to_numpy(object), pairs["b"].to_numpy(object), pairs["weight"].to_numpy(), products
    )
    n, ids = graph.n_products, graph.product_ids
    dropped: dict[str, tuple[int, str]] = {}

    def kept(file: PairFile, *forbidden: tuple[str, Any]) -> Any:
        """int64[m, 2]: the file's pairs, each once, without those that must not be there."""
        rows = np.stack([graph.rows(file.pairs["a"]), graph.rows(file.pairs["b"])], axis=1)
        loops = rows[:, 0] == rows[:, 1]
        _, first = np.unique(pair_keys(rows, n), return_index=True)
        repeated = np.ones(len(rows), dtype=bool)
        repeated[first] = False
        out = np.zeros(len(rows), dtype=bool)
        for what, wrong in (
            (f"{file.path.name}: pairs of a product with itself", loops),
            (f"{file.path.name}: pairs that stand there twice", repeated),
            *((f"{file.path.name}: {what}", contains(keys, pair_keys(rows, n))) for what, keys in forbidden),
        ):
            now = wrong & ~out
            if now.any():
                a, b = rows[np.flatnonzero(now)[0]]
                dropped[what] = (int(now.sum()), f"{ids[a]} {ids[b]}")
            out |= now
        good = np.sort(rows[~out], axis=1)
        return good[np.lexsort((good[:, 1], good[:, 0]))]

    trained = np.sort(pair_keys(graph.pairs()[0], n))
    held_out = kept(asked, ("pairs that are in the training file", trained))
    if len(held_out) == 0:
        raise UsageError(f"{test}: no pair is left to test on", "; ".join(_said(dropped)))
    false = None
    if unrelated is not None:
        tested = np.sort(pair_keys(held_out, n))
        false = kept(unrelated, ("pairs that are in the training file", trained), ("pairs that are tested for", tested))
        if len(false) == 0:
            raise UsageError(f"{negatives}: no pair is left that is unrelated", "; ".join(_said(dropped)))
    leaks = {what: count for what, count in dropped.items() if "twice" not in what}
    if strict and leaks:
        raise UsageError("the files do not make a clean split", "; ".join(_said(leaks)))
    return FileSplit(Split(graph, held_out, seed, false), dropped, int((graph.degree == 0).sum()))


def _said(dropped: dict[str, tuple[int, str]]) -> list[str]:
    return [f"{what}: {count:,}, the first is {example}" for what, (count, example) in dropped.items()]


def notes(made: FileSplit) -> list[str]:
    """What a person should know of the split, a line each."""
    lines = [f"dropped: {line}" for line in _said(made.dropped)]
    if made.unseen_products:
        lines.append(f"{made.unseen_products:,} products stand in no training pair: no model can know them")
    return lines
