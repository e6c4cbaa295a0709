"""What a person decides: settle something that waits, or make a call that no row can say.

In: the mirror, the settings, and what the person chose. Out: a decision in the mirror that the next
pass carries out, or the calls themselves.

Each module has the name of its command, except `decision_log` (who decided what); `resume` is in
`pause`. `webhooks` is in `sync.events`.
"""
