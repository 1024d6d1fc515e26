"""Torch computes with one thread here, too; MNIST is unpacked once."""

from pathlib import Path

import pytest

from tests.record.conftest import use_one_thread as use_one_thread


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")
