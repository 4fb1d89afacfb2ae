import pytest

pytest.register_assert_rewrite("describe.contract")
