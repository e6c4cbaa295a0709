"""`make attack`: what a listener costs that many attack at once. `__main__` says how."""
