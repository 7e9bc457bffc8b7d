"""Running a neuron over time: the neuron and surrogate contracts, networks and the engines."""
