"""How long results are written for people. In: what `cfsync.sync` returns. Out: lines.

Each module belongs to the command of its name, and can be read by itself.
"""
