"""Shared parts: the fixtures of tests/mirror that fill a mirror."""

from tests.mirror.conftest import ada, daemon, workspace

__all__ = ["ada", "daemon", "workspace"]
