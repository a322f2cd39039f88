"""Training: settings, one loop, objectives, checkpoints."""

from seesay.recipes import list_recipes
from seesay.training.config import Config, load_config
from seesay.training.run import train

__all__ = ["Config", "list_recipes", "load_config", "train"]
