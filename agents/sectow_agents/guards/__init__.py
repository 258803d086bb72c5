"""Model judges on this machine: any chat model of transformers, and the guards by name."""
