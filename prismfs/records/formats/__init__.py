"""The formats of record files: strict YAML and strict JSON."""
