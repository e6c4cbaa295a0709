"""The daemon's jobs: passes that run again and again as tasks.

In come the interval of each resource, notifications of edits and hints, and the reports of passes;
out go started passes, their back-off after failures, and log lines. Read `runner` first (a job, and
how it is run), then what starts jobs: `polling` (pull and sweep) with its `schedule`, `pusher`
(push), `event_follower` (webhooks and events logs). `pass_monitor` observes a running pass,
`backoff` decides how long a failed one rests, `pass_log` writes the log.
"""
