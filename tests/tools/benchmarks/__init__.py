"""How fast and how small, as ratios measured in one run; started by hand, never in a test that could flake."""
