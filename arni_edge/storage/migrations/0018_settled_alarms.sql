-- What was withdrawn because somebody had the alarm, or because it ended, has not failed: it was not needed.
UPDATE alarm_sinks SET state = 'not_needed' WHERE state = 'failed' AND detail LIKE 'not needed any more%';
UPDATE alarm_sinks SET state = 'not_needed', detail = 'not needed any more: closed'
WHERE state = 'trying' AND alarm_id IN (SELECT alarm_id FROM alarms WHERE state = 'closed');
-- An alarm that somebody has is looked after until it is closed: from now on they are reminded.
UPDATE alarms SET next_step_at = acknowledged_at WHERE state = 'acknowledged';

-- What staff could not be told because nobody could be reached; told to the first who can. words: JSON, by language.
CREATE TABLE kept_notices (
    id INTEGER PRIMARY KEY,
    what TEXT NOT NULL UNIQUE,
    at TEXT NOT NULL,
    words TEXT NOT NULL
) STRICT;
