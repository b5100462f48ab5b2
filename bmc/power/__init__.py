"""Power: what to believe, and what an action means in each state. Holds no lock and touches no machine."""
