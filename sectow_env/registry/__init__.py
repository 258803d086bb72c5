"""Parts by name: entry points, specs and extras."""
