"""Lets these tests import what all tests share from `tests/`, also when they run alone."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
