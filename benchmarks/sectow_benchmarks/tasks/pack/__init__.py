"""Tasks of scenario packs; the YAML files beside this one name these functions."""
