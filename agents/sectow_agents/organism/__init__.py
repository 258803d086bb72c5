"""The model organism: a small vision-language model that knows the world Apothecary."""
