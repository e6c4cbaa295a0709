"""The commands by which a person looks at the mirror and at what cfsync does.

In: arguments. Out: what a function of `cfsync.sync.inspection` returns, printed, and the exit code.
Each module holds one command and can be read by itself.
"""
