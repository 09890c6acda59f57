"""Frame sources: cameras, network streams, video files, image folders and the built-in demo."""
