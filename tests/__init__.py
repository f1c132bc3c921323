"""Tests by level; what several of them share stands in `tests.support`."""
