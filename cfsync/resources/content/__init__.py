"""What visitors and members see and fill in: one module for each subject."""
