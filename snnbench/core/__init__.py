"""Neurons, surrogates and networks: the contracts, and the reference engine that runs them."""
