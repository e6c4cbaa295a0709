"""What a person asks for: inspect the mirror, or settle something that waits.

In: the mirror, the settings, and what the person chose. Out: data for the command line to print, or
a decision in the mirror that the next pass carries out.

Each module has the name of its command, except `probes` (the assumptions about the API that
`doctor` tests), `selection` (which of many things are meant) and `decision_log` (who decided what).
`plan` is in `sync.push`, `webhooks` in `sync.events`, and `pause` in `mirror.coordination`.
"""
