"""The watcher: a loop that turns hints and due times into turns of the engine."""
