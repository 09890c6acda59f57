"""The annotated picture, shared by the window, recordings and the web page."""
