"""Derivatives of the world's functions, one file a domain, all in the notation of `pullback.rules`."""
