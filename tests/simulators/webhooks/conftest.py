"""A served account, as the actions' tests have it."""

from tests.simulators.actions.conftest import desk

__all__ = ["desk"]
