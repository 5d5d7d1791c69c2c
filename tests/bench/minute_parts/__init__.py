"""The parts of tests/bench/minute: a file a contestant, a file a table, and what they have in common."""
