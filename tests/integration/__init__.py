import pytest

for name in ("archives", "chain", "deeds"):
    pytest.register_assert_rewrite(f"{__name__}.{name}")
