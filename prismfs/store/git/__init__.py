"""Git: the only place that runs it, the environment it is given, and the reading and writing of its objects."""
