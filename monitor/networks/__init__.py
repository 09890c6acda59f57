"""The TFLite networks: runtime loader, model card and one class per network."""
