"""Classifiers of clips by name. A new one is one file here with `@register("name")` and a config class."""

from seesay.models.classifiers import conv_lstm, frame_average, recurrent  # noqa: F401 - each registers itself
from seesay.models.classifiers.base import CLASSIFIERS, Classifier, ClassifierConfig, State, average, register

__all__ = ["CLASSIFIERS", "Classifier", "ClassifierConfig", "State", "average", "register"]
