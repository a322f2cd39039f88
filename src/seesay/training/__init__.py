"""Training: settings, one loop, objectives, checkpoints."""

from seesay.training.config import Config, list_recipes, load_config
from seesay.training.run import train

__all__ = ["Config", "list_recipes", "load_config", "train"]
