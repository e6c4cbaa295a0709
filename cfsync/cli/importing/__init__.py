"""`cfsync import`: a file becomes edits.

In: a file and options. Out: a preview, a question, bars, and what `cfsync.sync.importing` reports.
`command` is the command; `texts` the preview and the result, in words; `progress` the bars.
"""
