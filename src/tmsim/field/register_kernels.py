"""A product of small blocks that stays in registers, written for the compiler rather than found by it.

numba turns loops over arrays into vector code, but keeps running sums in memory, which bounds a block product
to a fifth of what a core can do. Here the sums of ``ROWS`` rows for ``FIELDS`` columns are vector values of a
loop in LLVM's own language; LLVM cuts them to the vectors of the processor it compiles for.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.typing.templates import Signature
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

ROWS = 32
"""Rows of a panel."""

FIELDS = 8
"""Columns that are summed together."""

_LANES = 16
_VECTOR = ir.VectorType(ir.FloatType(), _LANES)


@intrinsic
def multiply_tile(_context: Any, _tile: Any, _coefficients: Any, _sums: Any) -> tuple[Signature, Any]:
    """sums (FIELDS, ROWS) = coefficients (k, FIELDS) transposed, times tile (k, ROWS); float32, in C order.

    Each sum runs over k in its order.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        arrays = [
            make_array(t)(context, builder, value) for t, value in zip(signature.args, arguments, strict=True)
        ]
        count = builder.extract_value(arrays[0].shape, 0)
        parts = range(ROWS // _LANES)
        splat = ir.Constant(ir.VectorType(ir.IntType(32), _LANES), [0] * _LANES)

        def vector_at(array: Any, index: Any) -> Any:
            pointer = builder.gep(array.data, [index])
            return builder.bitcast(pointer, _VECTOR.as_pointer())

        before = builder.block
        loop, after = builder.append_basic_block("k"), builder.append_basic_block("done")
        builder.branch(loop)
        builder.position_at_end(loop)
        k = builder.phi(count.type)
        k.add_incoming(count.type(0), before)
        totals = [[builder.phi(_VECTOR) for _ in parts] for _ in range(FIELDS)]
        row = [
            builder.load(
                vector_at(arrays[0], builder.add(builder.mul(k, k.type(ROWS)), k.type(_LANES * p))), align=4
            )
            for p in parts
        ]
        for f in range(FIELDS):
            at = builder.add(builder.mul(k, k.type(FIELDS)), k.type(f))
            c = builder.load(builder.gep(arrays[1].data, [at]))
            c = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), c, ir.IntType(32)(0))
            c = builder.shuffle_vector(c, c, splat)
            for p in parts:
                total = builder.fadd(
                    totals[f][p], builder.fmul(c, row[p], flags=("contract",)), flags=("contract",)
                )
                totals[f][p].add_incoming(ir.Constant(_VECTOR, [0.0] * _LANES), before)
                totals[f][p].add_incoming(total, loop)
        following = builder.add(k, k.type(1))
        k.add_incoming(following, loop)
        builder.cbranch(builder.icmp_signed("<", following, count), loop, after)
        builder.position_at_end(after)
        for f in range(FIELDS):
            for p in parts:
                total = next(v for v, block in totals[f][p].incomings if block is loop)
                builder.store(total, vector_at(arrays[2], k.type(f * ROWS + _LANES * p)), align=4)
        return context.get_dummy_value()

    matrix = types.Array(types.float32, 2, "C")
    return types.void(matrix, matrix, matrix), generate
