"""What trains a seat: one algorithm per file."""
