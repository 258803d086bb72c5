"""Prompt formats of model judges: what each is asked, and how its answer is read. One a file."""
