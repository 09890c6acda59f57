"""Video recordings and the blurring of faces in them."""
