"""The expression network: data, training task, export and robustness figures."""
