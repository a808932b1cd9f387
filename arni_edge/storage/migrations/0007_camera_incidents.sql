-- The same table; an incident may be about what a camera sees, or that it sees nothing.
DROP INDEX incidents_open;
ALTER TABLE incidents RENAME TO incidents_before;
CREATE TABLE incidents (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('door', 'device', 'camera')),
    name TEXT NOT NULL,
    incident TEXT NOT NULL,
    evidence TEXT NOT NULL,
    at TEXT NOT NULL,
    times INTEGER NOT NULL DEFAULT 1,
    last_at TEXT NOT NULL,
    ended_at TEXT,
    ended_by TEXT,
    end_evidence TEXT
) STRICT;
INSERT INTO incidents SELECT * FROM incidents_before;
DROP TABLE incidents_before;
CREATE UNIQUE INDEX incidents_open ON incidents (kind, name, incident) WHERE ended_at IS NULL;
