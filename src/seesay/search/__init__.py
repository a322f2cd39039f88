"""Search over the step contract, written once for every array library: greedy, beam, sampling."""

from seesay.search.beam import beam_search
from seesay.search.hypothesis import Hypothesis, SearchOptions, StepFunction
from seesay.search.sampling import sample

__all__ = ["Hypothesis", "SearchOptions", "StepFunction", "beam_search", "sample"]
