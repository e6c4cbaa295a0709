"""Which lists there are, and whose turn it is to be pulled.

In: parents' rows and checkpoints. Out: `Listing`s in the order in which to walk them.

Read `listings`, then `event_coverage`: where events report every change, pulls may be rarer.
"""
