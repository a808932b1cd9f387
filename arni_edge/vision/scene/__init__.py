"""What is going on in one camera's picture: tracks, counts, crossings, somebody down, somebody after hours.

Pure: no clock, no thread, no picture. It is told what was seen when, and says what it makes of it. The same
moments give the same answers, live or from a recording.
"""
