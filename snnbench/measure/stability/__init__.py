"""This room measures Lyapunov exponents of any map, and of networks."""
