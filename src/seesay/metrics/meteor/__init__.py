"""METEOR 1.5 in NumPy: `Meteor` is the metric; below it lexicon, normalizer, matches and alignment."""

from seesay.metrics.meteor.metric import MeteorMetric
from seesay.metrics.meteor.score import Meteor

__all__ = ["Meteor", "MeteorMetric"]
