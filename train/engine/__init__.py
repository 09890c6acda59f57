"""The training engine: recipes, the training loop, runs, conversion to int8."""
