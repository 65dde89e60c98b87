"""Yours: what your project adds to the engine. `scripts/rename.py NAME` names this package; updates never touch it."""
