"""The commands by which a person looks at the mirror and decides what waits for a decision.

Each module holds one command, or one group of commands: it reads the arguments, calls the function
of the same name in `cfsync.sync.operator`, and prints what comes back.
"""
