-- An alarm from its beginning to a named end. who: what staff are called in the settings.
ALTER TABLE alarms ADD COLUMN reported_at TEXT;
-- Where: id of a door, zone, camera or button.
ALTER TABLE alarms ADD COLUMN place TEXT;
-- Whom to tell what became of it; personal.
ALTER TABLE alarms ADD COLUMN reporter_channel TEXT;
ALTER TABLE alarms ADD COLUMN reporter TEXT;
ALTER TABLE alarms ADD COLUMN language TEXT NOT NULL DEFAULT 'de';
-- How often the next contacts were called, and when that is due again.
ALTER TABLE alarms ADD COLUMN step INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alarms ADD COLUMN next_step_at TEXT;
ALTER TABLE alarms ADD COLUMN acknowledged_at TEXT;
ALTER TABLE alarms ADD COLUMN acknowledged_by TEXT;
ALTER TABLE alarms ADD COLUMN closed_at TEXT;
ALTER TABLE alarms ADD COLUMN closed_by TEXT;
-- helped, false_alarm, test
ALTER TABLE alarms ADD COLUMN outcome TEXT;
ALTER TABLE alarms ADD COLUMN note TEXT;
ALTER TABLE alarms ADD COLUMN drill INTEGER NOT NULL DEFAULT 0 CHECK (drill IN (0, 1));
CREATE INDEX alarms_open ON alarms (alarm_id) WHERE state != 'closed';

ALTER TABLE alarm_sinks ADD COLUMN attempts INTEGER NOT NULL DEFAULT 1;
ALTER TABLE alarm_sinks ADD COLUMN first_at TEXT;
ALTER TABLE alarm_sinks ADD COLUMN seconds REAL;

-- The proof log: everything that happened to an alarm, in order.
CREATE TABLE alarm_history (
    id INTEGER PRIMARY KEY,
    alarm_id TEXT NOT NULL REFERENCES alarms (alarm_id),
    at TEXT NOT NULL,
    what TEXT NOT NULL,
    who TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX alarm_history_alarm ON alarm_history (alarm_id, id);

-- At which step of the escalation this sink was last begun.
ALTER TABLE alarm_sinks ADD COLUMN step INTEGER NOT NULL DEFAULT 0;

-- Every report and the alarm that it belongs to: one that comes again, or is said again within minutes, is not
-- another alarm. channel and address: whom to tell what became of it, or where a button is; personal.
CREATE TABLE alarm_reports (
    number INTEGER PRIMARY KEY,
    source_key TEXT NOT NULL UNIQUE,
    alarm_id TEXT NOT NULL REFERENCES alarms (alarm_id),
    at TEXT NOT NULL,
    channel TEXT,
    address TEXT,
    language TEXT
) STRICT;
CREATE INDEX alarm_reports_alarm ON alarm_reports (alarm_id);
INSERT INTO alarm_reports (source_key, alarm_id, at) SELECT source_key, alarm_id, raised_at FROM alarms ORDER BY alarm_id;

-- Until now nobody could close an alarm; those of earlier days are over.
UPDATE alarms SET state = 'closed', closed_at = raised_at, note = 'closed when closing came in'
WHERE raised_at < strftime('%Y-%m-%dT%H:%M:%S', 'now', '-1 day');
