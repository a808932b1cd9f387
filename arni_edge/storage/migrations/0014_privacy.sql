-- Consent: per person and purpose, with the version of the words that were agreed to. None means no.
CREATE TABLE consents (
    id INTEGER PRIMARY KEY,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    member_id TEXT,
    purpose TEXT NOT NULL,
    granted INTEGER NOT NULL CHECK (granted IN (0, 1)),
    text_version TEXT NOT NULL,
    at TEXT NOT NULL,
    -- When what rested on a consent that was taken back was gone.
    forgotten_at TEXT
) STRICT;
CREATE INDEX consents_person ON consents (channel, address, purpose, id);
CREATE INDEX consents_member ON consents (member_id, purpose, id) WHERE member_id IS NOT NULL;

-- What the retention jobs did.
CREATE TABLE retention_runs (
    id INTEGER PRIMARY KEY,
    job TEXT NOT NULL,
    at TEXT NOT NULL,
    removed INTEGER NOT NULL,
    problem TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX retention_runs_at ON retention_runs (at);

-- That somebody was erased, and what the search afterwards found: nothing here says who.
CREATE TABLE erasures (
    erasure_id TEXT PRIMARY KEY,
    at TEXT NOT NULL,
    ordered_by TEXT NOT NULL,
    removed TEXT NOT NULL,
    searched TEXT NOT NULL,
    found INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('begun', 'proven', 'incomplete'))
) STRICT;

-- Whom an erasure is about, and what has to be searched for afterwards: there until everything else is gone, so
-- that a crash in the middle loses neither. Its row goes in the same commit as the member's.
CREATE TABLE erasing (
    member_id TEXT PRIMARY KEY,
    erasure_id TEXT NOT NULL REFERENCES erasures (erasure_id),
    due_at TEXT NOT NULL,
    known TEXT NOT NULL
) STRICT;
