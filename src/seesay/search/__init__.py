"""Search over the step contract, written once for every array library: beam, diverse, constrained, sampling, ensembles.

`decode` does what the options ask for.
"""

from seesay.search.beam import beam_search
from seesay.search.decode import decode
from seesay.search.ensemble import average, combine, union, union_constant
from seesay.search.hypothesis import Hypothesis, StepFunction
from seesay.search.sampling import sample
from seesay.search_options import SearchOptions

__all__ = [
    "Hypothesis",
    "SearchOptions",
    "StepFunction",
    "average",
    "beam_search",
    "combine",
    "decode",
    "sample",
    "union",
    "union_constant",
]
