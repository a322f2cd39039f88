"""Kinds of numbers that settings of models are."""

from typing import Annotated

from pydantic import Field

Count = Annotated[int, Field(ge=1)]
"""A width, or how many there are of something."""
Share = Annotated[float, Field(ge=0, lt=1)]
"""Of what is dropped."""
