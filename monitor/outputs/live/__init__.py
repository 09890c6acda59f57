"""Live views: the window and the terminal."""
