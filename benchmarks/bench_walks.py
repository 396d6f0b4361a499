"""Walks: steps a second, beside torch_cluster (which ignores weights) and PecanPy, where they are installed.

    .venv/bin/python -m benchmarks.bench_walks [--products 100000] [--pairs 1000000] [--runs 5] [--out FILE]

Same graph, same starts, 10 steps a walk, runs in turn, two threads for everyone. Peers without weights get the graph
without weights, which is less work for them, not more. PecanPy is timed twice: its own loop in numba with all prepared,
as everybody's is, and for first-order walks its method as a user calls it, which prepares each time and makes lists of
text. Ours beside that is then timed with preparing, too.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.catalogues import catalogue
from benchmarks.measuring import CLOCKS, alternate, report, row, save, target, times, versions
from benchmarks.peers import ASIDE, installed
from graph import ProductGraph
from models.walks import Walker, walks

LENGTH = 10
ORDERS = {
    "first order": (1.0, 1.0), "first order, preparing included": (1.0, 1.0), "p=0.5 q=2": (0.5, 2.0),
    "p=4 q=0.25": (4.0, 0.25),
}  # fmt: skip
Maker = Callable[[ProductGraph, np.ndarray, float, float, int], Callable[[], float]]
WANTED: dict[str, dict[str, int]] = {
    "first order": {"torch_cluster": 5, "PecanPy": 80},
    "first order, preparing included": {"PecanPy": 80},
    "p=0.5 q=2": {"torch_cluster": 12},
    "p=4 q=0.25": {"torch_cluster": 8},
}


def ours(graph: ProductGraph, starts: np.ndarray, p: float, q: float, threads: int) -> Callable[[], float]:
    walker = Walker(graph, p=p, q=q, threads=threads)
    return lambda: float(walker.walk(starts, LENGTH, seed=1).shape[0] * LENGTH)


def torch_cluster(graph: ProductGraph, starts: np.ndarray, p: float, q: float, threads: int) -> Callable[[], float]:
    import torch

    _load_random_walk(torch)
    torch.set_num_threads(threads)
    rowptr, col = torch.from_numpy(graph.indptr), torch.from_numpy(graph.indices.astype(np.int64))
    start = torch.from_numpy(starts)
    walk = torch.ops.torch_cluster.random_walk
    return lambda: float(walk(rowptr, col, start, LENGTH, p, q)[0].shape[0] * LENGTH)


def _load_random_walk(torch: Any) -> None:
    """Only the operator that walks: importing the package wants all its others, which take minutes to compile."""
    libraries = list((ASIDE / "torch_cluster").glob("_rw_c*.so"))
    if not libraries:
        raise ImportError("torch_cluster is not installed, or its random walk is not compiled")
    torch.ops.load_library(str(libraries[0]))


def _pecanpy_model(graph: ProductGraph, p: float, q: float, threads: int) -> tuple[Any, Any]:
    """PecanPy's module and its model of the graph, before it prepares anything."""
    _old_numpy_names()
    if str(ASIDE) not in sys.path:
        sys.path.append(str(ASIDE))
    import numba
    from pecanpy import pecanpy as peer

    numba.set_num_threads(threads)
    kind = peer.PreCompFirstOrder if p == q == 1 else peer.SparseOTF
    model = kind(p=p, q=q, workers=threads, verbose=False, random_state=1)
    model.indptr, model.indices = graph.indptr.astype(np.uint32), graph.indices.astype(np.uint32)
    model.data = graph.edge_weight
    model.set_node_ids([str(i) for i in range(graph.n_products)])
    return peer, model


def pecanpy(graph: ProductGraph, starts: np.ndarray, p: float, q: float, threads: int) -> Callable[[], float]:
    peer, model = _pecanpy_model(graph, p, q, threads)
    model._preprocess_transition_probs()
    has_neighbours, move = model.get_has_nbrs(), model.get_move_forward()
    few = starts[: max(1, len(starts) // 20)].astype(np.uint32)  # it takes so much longer

    def walk() -> float:
        with peer.ProgressBar(total=len(few), disable=True) as progress:
            found = model._random_walks(len(few), LENGTH, 1, few, has_neighbours, move, progress)
        return float(len(found) * LENGTH)

    return walk


def pecanpy_as_called(graph: ProductGraph, starts: np.ndarray, p: float, q: float, threads: int) -> Callable[[], float]:
    _, model = _pecanpy_model(graph, p, q, threads)
    return lambda: float(len(model.simulate_walks(1, LENGTH)) * LENGTH)


def ours_as_called(graph: ProductGraph, starts: np.ndarray, p: float, q: float, threads: int) -> Callable[[], float]:
    every = np.arange(graph.n_products)
    return lambda: float(len(walks(graph, every, LENGTH, p=p, q=q, seed=1, threads=threads)) * LENGTH)


def _old_numpy_names() -> None:
    """PecanPy's dependency nptyping still asks for names that NumPy 2 took away."""
    for old, new in {
        "bool8": np.bool_, "object0": np.object_, "int0": np.intp, "uint0": np.uintp, "void0": np.void,
        "bytes0": np.bytes_, "str0": np.str_, "float_": np.float64, "complex_": np.complex128,
        "singlecomplex": np.complex64, "cfloat": np.complex128, "longfloat": np.longdouble,
        "clongfloat": np.clongdouble, "longcomplex": np.clongdouble, "string_": np.bytes_, "unicode_": np.str_,
    }.items():  # fmt: skip
        if old not in np.__dict__:
            setattr(np, old, new)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--walks", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--clock", choices=CLOCKS, default="wall", help="processor: with --threads 1, on a busy machine"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without", action="append", default=[], help="a peer to leave out")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    graph = catalogue(arguments.products, arguments.pairs, arguments.seed)
    starts = np.random.default_rng(arguments.seed).choice(np.flatnonzero(graph.degree > 0), arguments.walks)
    rows: list[dict[str, Any]] = []
    targets: list[dict[str, Any]] = []
    absent: dict[str, str] = {}
    prepared: dict[str, Maker] = {"alsobought": ours, "torch_cluster": torch_cluster, "PecanPy": pecanpy}
    called: dict[str, Maker] = {"alsobought": ours_as_called, "PecanPy": pecanpy_as_called}
    for order, (p, q) in ORDERS.items():
        contestants = {}
        for name, make in (called if "preparing" in order else prepared).items():
            if name in arguments.without:
                absent[name] = "left out"
                continue
            try:
                contestants[name] = make(graph, starts, p, q, arguments.threads)
            except (ImportError, OSError) as error:
                absent[name] = str(error)
        for name, values in alternate(contestants, arguments.runs, clock=arguments.clock).items():
            rows.append(row(order, name, values, "steps/s"))
        for name, wanted in WANTED[order].items():
            ratio = times(rows, order, "alsobought", name)
            if ratio is not None:
                targets.append(target(f"walks, {order}", ratio, f">= {wanted} times {name}"))
    save(
        report(
            "walks",
            rows,
            targets,
            products=arguments.products,
            pairs=arguments.pairs,
            walks=arguments.walks,
            length=LENGTH,
            threads=arguments.threads,
            clock=arguments.clock,
            seed=arguments.seed,
            versions={
                **versions("numpy", "numba", "torch"),
                **{name: found for name in ("torch-cluster", "pecanpy") if (found := installed(name))},
            },
            absent=absent,
        ),
        arguments.out,
    )


if __name__ == "__main__":
    main()
