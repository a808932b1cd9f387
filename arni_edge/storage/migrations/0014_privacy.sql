-- Consent: per person and purpose, with the version of the words that were agreed to. None means no.
CREATE TABLE consents (
    id INTEGER PRIMARY KEY,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    member_id TEXT,
    purpose TEXT NOT NULL,
    granted INTEGER NOT NULL CHECK (granted IN (0, 1)),
    text_version TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX consents_person ON consents (channel, address, purpose, id);

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
