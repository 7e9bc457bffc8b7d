"""Lyapunov exponents of any map, and of networks."""
