"""Out: one module per published surface, each with its own wire shapes."""
