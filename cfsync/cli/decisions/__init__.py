"""The commands by which a person decides what waits for a decision.

In: arguments. Out: what a function of `cfsync.sync.decisions` returns, printed, and the exit code.
(`pause` and `resume` call `mirror.coordination.pauses`.) Each module holds one command or one group
of commands and can be read by itself; `selection` holds what those share that take many things.
"""
