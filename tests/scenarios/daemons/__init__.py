"""The convergence machine with daemons: `cfsync run` as processes that are killed, suspended and
restarted with other settings while both sides are edited, and people who decide what waits.
"""
