"""Arrow tables without pandas: the same as pyarrow's own."""

from __future__ import annotations

import math
import subprocess
import sys

import pyarrow as pa
import pytest

from monitor.batch.arrow import column, table


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([], pa.float32()),
        ([None, None], pa.int64()),
        ([1, None, -(2**62)], pa.int64()),
        ([0.1, None, 3, 1e-30], pa.float32()),
        ([0.1, None] * 5, pa.float64()),
        (["a", None, "", "Zoë 😀", "b\n"], pa.string()),
        ([], pa.string()),
    ],
)
def test_a_column_is_what_pyarrow_makes_of_the_values(values: list[object], kind: pa.DataType) -> None:
    made = column(values, kind)
    made.validate(full=True)
    assert made.equals(pa.array(values, kind))
    assert made.null_count == values.count(None)


def test_a_number_that_is_none_at_all_is_no_null() -> None:
    made = column([math.nan, None], pa.float32())
    assert math.isnan(made.to_pylist()[0])
    assert made.to_pylist()[1] is None


def test_a_table_has_the_types_of_its_schema() -> None:
    schema = pa.schema([("name", pa.string()), ("frames", pa.int64()), ("share", pa.float64())])
    rows: list[dict[str, object]] = [
        {"name": "a", "frames": 3, "share": None},
        {"name": None, "frames": None, "share": 0.25},
    ]
    assert table(rows, schema).equals(pa.Table.from_pylist(rows, schema=schema))
    assert table([], schema).num_rows == 0


def test_writing_a_dataset_does_not_import_pandas() -> None:
    code = (
        "import sys; from monitor.batch.dataset import face_table, event_table\n"
        "import pyarrow.parquet as pq, io\n"
        "pq.write_table(face_table({'frame': [1, None], 'emotion': ['happy', None]}), io.BytesIO())\n"
        "event_table([]); print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
