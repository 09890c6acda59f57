"""The live web page: picture, readings, events, sessions and metrics over HTTP (extra ``web``)."""
