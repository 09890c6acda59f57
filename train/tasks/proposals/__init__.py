"""The proposal network, which names places in a frame that may show a face."""
