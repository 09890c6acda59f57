"""Arrow tables from Python values without pandas.

``pyarrow.array`` imports pandas where it is installed, to find out whether its values are a Series; that takes 40 MB
and 0.3 s in every worker.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa


def column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """An Arrow array of numbers or strings.

    Args:
        values: The values; None = null.
        kind: ``string``, ``int64``, ``float32`` or ``float64``.
    """
    valid = np.fromiter((value is not None for value in values), bool, len(values))
    buffers = [pa.py_buffer(np.packbits(valid, bitorder="little"))]
    if pa.types.is_string(kind):
        texts = [b"" if value is None else value.encode() for value in values]
        ends = np.cumsum([0, *map(len, texts)], dtype=np.int32)
        buffers += [pa.py_buffer(ends), pa.py_buffer(b"".join(texts))]
    else:
        numbers = [0 if value is None else value for value in values]
        buffers.append(pa.py_buffer(np.array(numbers, kind.to_pandas_dtype())))
    return pa.Array.from_buffers(kind, len(values), buffers)


def table(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """A table of rows that have every column of the schema."""
    arrays = [column([row[field.name] for row in rows], field.type) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)
