"""Tasks of the built-in world; the YAML files beside this one name these functions."""
