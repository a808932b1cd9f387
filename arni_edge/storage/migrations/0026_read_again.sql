-- What this database does not know though it was read before: by a life of this box after the backup that this is, or
-- by the box before it. restored 0: this box is new. told_at: when staff were told.
CREATE TABLE relay_rereads (
    id INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    log TEXT NOT NULL,
    at TEXT NOT NULL,
    after INTEGER NOT NULL,
    until INTEGER NOT NULL,
    restored INTEGER NOT NULL CHECK (restored IN (0, 1)),
    told_at TEXT
) STRICT;

-- Why a message has had no answer, where its sender was not told so, or is owed more than that: staff are told of it
-- once. 'late', 'again', or 'emergency' with its cause.
ALTER TABLE inbound ADD COLUMN unsaid TEXT;
ALTER TABLE inbound ADD COLUMN unsaid_told_at TEXT;
CREATE INDEX inbound_unsaid ON inbound (unsaid) WHERE unsaid IS NOT NULL AND unsaid_told_at IS NULL;
