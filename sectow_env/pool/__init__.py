"""The attack pool and its rule for duplicates."""
