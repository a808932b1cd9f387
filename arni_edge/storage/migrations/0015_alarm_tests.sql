-- The test of the alarm chain that is due each month: how often staff were reminded of it, and what it showed.
CREATE TABLE alarm_tests (
    -- Of the day on which it was due, YYYY-MM in the studio's time.
    month TEXT PRIMARY KEY,
    -- Reminders that are over; those of before the box was there were never sent.
    reminders INTEGER NOT NULL,
    reminded_at TEXT,
    alarm_id TEXT,
    done_at TEXT,
    -- JSON: every sink with its state and its seconds, seconds to the acknowledgement.
    result TEXT
) STRICT;
