"""Ordinary functions people write, by field; each is run through every mode of the library."""
