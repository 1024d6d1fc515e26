"""Torch computes with one thread here, too."""

from tests.record.conftest import use_one_thread as use_one_thread
