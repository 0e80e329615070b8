"""Fixtures that contract tests share beyond the parts."""

from tests.contract.indexed import another, index, make

__all__ = ["another", "index", "make"]
