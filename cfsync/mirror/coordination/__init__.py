"""For processes that share one mirror: who may do what, and how fast.

In: the name of a process. Out: leases, the lock of one push, shares of the rate limit, pauses.

The modules are independent. `leases` divides the passes among daemons on PostgreSQL, `push_lock`
keeps two processes from pushing one resource, `rate_limit` keeps the learned limit and what each
process uses of it, and `pauses` keeps what a person has paused and which passes are in trouble.
"""
