"""The proposal network, which proposes places in a frame that may show a face."""
