-- What is or was wrong at a door or a device. One that is still open has no end; it is there once.
CREATE TABLE incidents (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('door', 'device')),
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
CREATE UNIQUE INDEX incidents_open ON incidents (kind, name, incident) WHERE ended_at IS NULL;
