"""A place where threads that run numba kernels wait for each other, without coming back to Python.

Kernels that take turns every tenth of a millisecond cannot afford Python's barrier, whose locks cost as much as the
work between them. Here every thread adds one to a counter and watches it until all have: a microsecond where all of
them run, and where one does not, the others hand their core on.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import extending, njit, types
from numba.core import cgutils
from numpy.typing import NDArray

from models.arrays import I64

intrinsic: Any = extending.intrinsic  # whose own types know nothing of what it makes

#: Places in the array that :func:`meeting` makes, a cache line apart.
_ARRIVED, _GIVEN_UP = 0, 8
#: Looks before a thread hands its core on, and times it does so before it sleeps.
_LOOKS, _YIELDS = 500, 200
_SLEEP_MICROSECONDS = 20


def meeting() -> NDArray[np.int64]:
    """A meeting place for any number of threads, for :func:`meet`."""
    return np.zeros(16, dtype=np.int64)


def give_up(place: NDArray[np.int64]) -> None:
    """Send everybody away who waits, or will: somebody is not going to come."""
    place[_GIVEN_UP] = 1


@intrinsic
def _add_one(typing: Any, array: Any, index: Any) -> Any:
    """Add one to ``array[index]``, for all threads at once; gives what it was."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _pointer(context, builder, signature.args[0], *args)
        return builder.atomic_rmw("add", place, ir.Constant(ir.IntType(64), 1), "seq_cst")

    return types.int64(array, types.intp), generate


@intrinsic
def _look(typing: Any, array: Any, index: Any) -> Any:
    """``array[index]`` as it is now, whoever wrote it."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(_pointer(context, builder, signature.args[0], *args), "seq_cst", 8)

    return types.int64(array, types.intp), generate


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    view = context.make_array(array_type)(context, builder, array)
    return builder.gep(view.data, [index])


@intrinsic
def _hand_on(typing: Any) -> Any:
    """Let another thread have this core, if one waits for it."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        function = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
            builder.module, ir.FunctionType(ir.IntType(32), []), "sched_yield"
        )
        return builder.call(function, [])

    return types.int32(), generate


@intrinsic
def _sleep(typing: Any, microseconds: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        function = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
            builder.module, ir.FunctionType(ir.IntType(32), [ir.IntType(32)]), "usleep"
        )
        return builder.call(function, args)

    return types.int32(types.uint32), generate


@njit(nogil=True, cache=True)
def meet(place: I64, parts: int) -> bool:
    """Wait until ``parts`` threads are here; False where somebody gave up.

    What one thread wrote before, all of them see afterwards.
    """
    ticket = _add_one(place, _ARRIVED)
    everybody = (ticket // parts + 1) * parts
    looks = 0
    while _look(place, _ARRIVED) < everybody:
        if _look(place, _GIVEN_UP) != 0:
            return False
        looks += 1
        if looks > _LOOKS + _YIELDS:
            _sleep(np.uint32(_SLEEP_MICROSECONDS))
        elif looks > _LOOKS:
            _hand_on()
    return True
