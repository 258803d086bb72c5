"""What people send each other: entries of a public board, checked as the data of strangers."""
