"""Named arrays of equal length: the common part of a logged table and a table in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas

Arrays = dict[str, NDArray[Any]]


class NamedArrays:
    """A table as arrays.

    Attributes:
        columns: Column name to (N,) array.
    """

    __slots__ = ()
    columns: Arrays

    def __len__(self) -> int:
        """Number of rows."""
        return len(next(iter(self.columns.values()), ()))

    def __getitem__(self, name: str) -> NDArray[Any]:
        """One column, (N,).

        Raises:
            KeyError: There is no column of that name.
        """
        return self.columns[name]

    def to_pandas(self) -> pandas.DataFrame:
        """The table as a DataFrame.

        Raises:
            ImportError: pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise ImportError(f"{type(self).__name__}.to_pandas needs pandas: pip install pandas") from None
        return pandas.DataFrame(self.columns)
