"""Vectors of sixteen float32 as values in numba kernels, so that sums can stay in registers.

The compiler vectorizes a plain loop over rows by itself, but keeps storing and loading what it sums, since it cannot
know that the arrays do not overlap. A register tile written out with these functions is about twice as fast.
LLVM cuts the vectors to what the processor has (one register with AVX-512, two with AVX2, four with NEON).
"""

from __future__ import annotations

from typing import Any

from llvmlite import binding, ir
from numba import extending, types
from numba.core import cgutils
from numba.core.datamodel import models

intrinsic: Any = extending.intrinsic  # whose own types know nothing of what it makes

LANES = 16
#: Whether eight vectors of sums and what they are made of fit into the registers. AVX-512 has 32 of one vector each;
#: AVX2 has sixteen of half a vector, NEON 32 of a quarter: there half as many have to do. (Numba keeps what it compiled
#: for each kind of processor apart.)
WIDE_TILES = bool(binding.get_host_cpu_features().get("avx512f", False))
_LLVM = ir.VectorType(ir.FloatType(), LANES)


class _Float32x16(types.Type):
    def __init__(self) -> None:
        super().__init__(name="float32x16")


_vector = _Float32x16()


@extending.register_model(_Float32x16)
class _Float32x16Model(models.PrimitiveModel):
    def __init__(self, manager: Any, numba_type: Any) -> None:
        super().__init__(manager, numba_type, _LLVM)  # type: ignore[no-untyped-call]


def _place(context: Any, builder: Any, array_type: Any, array: Any, row: Any, column: Any) -> Any:
    """Pointer to sixteen consecutive numbers of a row; the array's rows are contiguous."""
    view = context.make_array(array_type)(context, builder, array)
    stride = builder.extract_value(view.strides, 0)
    start = builder.bitcast(view.data, ir.IntType(8).as_pointer())
    offset = builder.add(builder.mul(row, stride), builder.mul(column, ir.Constant(column.type, 4)))
    return builder.bitcast(builder.gep(start, [offset]), _LLVM.as_pointer())


@intrinsic
def load(typing: Any, array: Any, row: Any, column: Any) -> Any:
    """``array[row, column : column + 16]``; nothing is checked."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        loaded = builder.load(_place(context, builder, signature.args[0], *args))
        loaded.align = 4
        return loaded

    return _vector(array, types.intp, types.intp), generate


@intrinsic
def store(typing: Any, array: Any, row: Any, column: Any, vector: Any) -> Any:
    """``array[row, column : column + 16] = vector``; nothing is checked."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        stored = builder.store(args[3], _place(context, builder, signature.args[0], *args[:3]))
        stored.align = 4
        return context.get_dummy_value()

    return types.none(array, types.intp, types.intp, _vector), generate


@intrinsic
def spread(typing: Any, value: Any) -> Any:
    """Sixteen times the same number."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        one = builder.insert_element(ir.Constant(_LLVM, ir.Undefined), args[0], ir.Constant(ir.IntType(32), 0))
        lanes = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return builder.shuffle_vector(one, ir.Constant(_LLVM, ir.Undefined), lanes)

    return _vector(types.float32), generate


@intrinsic
def fma(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """``a * b + c``, rounded once."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        function = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
            builder.module, ir.FunctionType(_LLVM, [_LLVM] * 3), f"llvm.fma.v{LANES}f32"
        )
        return builder.call(function, args)

    return _vector(_vector, _vector, _vector), generate


@intrinsic
def prefetch(typing: Any, array: Any, row: Any, column: Any) -> Any:
    """Ask for ``array[row, column : column + 16]``, which will be read and written soon; nothing is checked."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = builder.bitcast(_place(context, builder, signature.args[0], *args), ir.IntType(8).as_pointer())
        number = ir.IntType(32)
        function = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
            builder.module, ir.FunctionType(ir.VoidType(), [place.type] + [number] * 3), "llvm.prefetch.p0"
        )
        builder.call(function, [place, ir.Constant(number, 0), ir.Constant(number, 3), ir.Constant(number, 1)])
        return context.get_dummy_value()

    return types.none(array, types.intp, types.intp), generate


@intrinsic
def turn(typing: Any, source: Any, row: Any, to: Any, column: Any) -> Any:
    """``to[k, row : row + 16] = source[row : row + 16, k]`` for k from ``column`` to ``column + 16``: a square turned.

    Sixteen rows in registers change halves with each other, then quarters, eighths, and single numbers; where registers
    are few, the square is four of eight rows each.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        given, first, turned, start = args
        side = LANES if WIDE_TILES else LANES // 2
        for down in range(0, LANES, side):
            for across in range(0, LANES, side):
                top = builder.add(first, ir.Constant(first.type, down))
                left = builder.add(start, ir.Constant(start.type, across))
                _turn_square(context, builder, signature, (given, top, turned, left), side)
        return context.get_dummy_value()

    return types.none(source, types.intp, to, types.intp), generate


def _turn_square(context: Any, builder: Any, signature: Any, args: Any, side: int) -> None:
    """The instructions that turn one square of ``side`` rows (a power of two)."""
    given, first, turned, start = args
    kind = ir.VectorType(ir.FloatType(), side).as_pointer()

    def place(array_type: Any, array: Any, row: Any, column: Any) -> Any:
        return builder.bitcast(_place(context, builder, array_type, array, row, column), kind)

    at = [ir.Constant(ir.IntType(64), lane) for lane in range(side)]
    rows = []
    for lane in at:
        rows.append(builder.load(place(signature.args[0], given, builder.add(first, lane), start)))
        rows[-1].align = 4
    size = side // 2
    while size:
        low = [lane if not lane & size else lane - size + side for lane in range(side)]
        high = [lane + size if not lane & size else lane + side for lane in range(side)]
        masks = [ir.Constant(ir.VectorType(ir.IntType(32), side), mask) for mask in (low, high)]
        for i in range(side):
            if not i & size:
                a, b = rows[i], rows[i + size]
                rows[i], rows[i + size] = (builder.shuffle_vector(a, b, mask) for mask in masks)
        size //= 2
    for lane, vector in zip(at, rows, strict=True):
        builder.store(vector, place(signature.args[2], turned, builder.add(start, lane), first)).align = 4
