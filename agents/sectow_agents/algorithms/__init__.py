"""What trains a seat: one algorithm a file."""
