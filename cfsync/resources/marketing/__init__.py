"""How contacts are reached and won: one module for each subject."""
