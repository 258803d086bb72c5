"""Studies: what a claim about the method stands on, played and measured by one command."""
