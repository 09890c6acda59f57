"""One live run: wiring, the worker thread, supervision and shutdown."""
