"""This room compiles loops over time; `engine.py` is the only module that other rooms import."""
