"""What a person looks at: the state of the mirror and of ClickFunnels. Nothing is changed here.

In: the mirror, the settings, and what the person asks about. Out: data for the command line to
print.

Each module has the name of its command, except `probes` (the assumptions about the API that
`doctor` tests), `field_notes` and `census` (more of what `doctor` says) and `counts` (what `verify
--quick` compares). `plan` is in `sync.push`.
"""
