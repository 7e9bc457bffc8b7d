"""Neurons, surrogates and networks have their contracts here; the reference engine runs them."""
