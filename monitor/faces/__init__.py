"""Finding, following and tracking faces, and the crop that every network reads."""
