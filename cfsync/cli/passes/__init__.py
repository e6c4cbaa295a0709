"""The commands that run passes. In come arguments, out go reports and an exit code.

`common` opens both sides, runs the passes and prints their reports; the other modules hold a
command each. `run` is the daemon.
"""
