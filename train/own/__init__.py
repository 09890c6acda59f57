"""Models of a user's own classes, fine-tuned from the shipped expression model."""
