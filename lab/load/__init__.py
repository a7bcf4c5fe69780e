"""Load of a bounded rate and time, only into the lab's own network, that counts what was lost by the second."""
