"""The daemon's health: what it makes of its own state and of the mirror's.

In come the SQL thread's answers, the progress of passes, and the checkpoints in the mirror; out go
keep-alives to systemd and the `Health` that `web` serves. `database_probe` knows whether the
database answers, `watchdog` whether the daemon makes progress, `observer` how up to date the mirror
is; `sampler` writes that down every five minutes. Whether a resource is late is decided in
`cfsync.sync.health_rule`, for the daemon and for `cfsync status --health` alike.
"""
