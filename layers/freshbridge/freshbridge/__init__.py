"""Freshbridge: the shared code of every function, shipped as a Lambda layer."""

__version__ = "0.1.0"
