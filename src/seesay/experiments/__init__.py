"""Sweeps, hyperparameter searches and published comparisons: many runs, one table."""
