"""What is sold, to whom, and how it gets there: one module for each subject."""
