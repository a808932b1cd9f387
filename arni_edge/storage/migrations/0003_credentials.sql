-- What the entry policy asks of a member, and what somebody may show at a door.

ALTER TABLE members ADD COLUMN plan TEXT;
-- A JSON list of group ids.
ALTER TABLE members ADD COLUMN groups TEXT NOT NULL DEFAULT '[]';
ALTER TABLE members ADD COLUMN arrears INTEGER NOT NULL DEFAULT 0 CHECK (arrears IN (0, 1));
ALTER TABLE members ADD COLUMN paused_from TEXT;
ALTER TABLE members ADD COLUMN paused_until TEXT;

-- The same table with two states more ('asked': a person decides; 'observed': somebody used the lock itself, which is
-- information only) and with what was shown, by its kind and id, never
-- the code itself; and for an opening by staff who did it and why.
DROP INDEX door_audit_commanded;
ALTER TABLE door_audit RENAME TO door_audit_before;
CREATE TABLE door_audit (
    id INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL UNIQUE,
    door TEXT NOT NULL,
    source TEXT NOT NULL,
    member_id TEXT,
    at TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('denied', 'asked', 'commanded', 'ended', 'observed')),
    rule TEXT NOT NULL,
    outcome TEXT,
    evidence TEXT,
    seconds REAL,
    ended_at TEXT,
    via TEXT,
    credential_id TEXT,
    staff TEXT,
    reason TEXT
) STRICT;
INSERT INTO door_audit (id, request_id, door, source, member_id, at, state, rule, outcome, evidence, seconds, ended_at)
    SELECT id, request_id, door, source, member_id, at, state, rule, outcome, evidence, seconds, ended_at
    FROM door_audit_before;
DROP TABLE door_audit_before;
CREATE INDEX door_audit_commanded ON door_audit (id) WHERE state = 'commanded';
CREATE INDEX door_audit_at ON door_audit (at);
CREATE INDEX door_audit_member ON door_audit (member_id, door, at) WHERE member_id IS NOT NULL;

-- Digests of QR tokens that were decided on: the primary key is what "single use" rests on.
CREATE TABLE entry_tokens (
    token_id TEXT PRIMARY KEY,
    request_id TEXT NOT NULL,
    door TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT;
CREATE INDEX entry_tokens_expired ON entry_tokens (expires_at);

-- One-time codes: a keyed digest with a salt of its own. conversation is a digest as well.
CREATE TABLE entry_codes (
    code_id TEXT PRIMARY KEY,
    member_id TEXT NOT NULL,
    door TEXT NOT NULL,
    conversation TEXT,
    salt BLOB NOT NULL,
    digest BLOB NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    used_at TEXT
) STRICT;
CREATE INDEX entry_codes_door ON entry_codes (door);

-- Codes of deliveries, cleaners, trades. doors: a JSON list; windows: weekday (0 = Monday) to spans, JSON.
CREATE TABLE visits (
    visit_id TEXT PRIMARY KEY,
    label TEXT NOT NULL,
    doors TEXT NOT NULL,
    windows TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    valid_until TEXT NOT NULL,
    max_uses INTEGER,
    uses INTEGER NOT NULL DEFAULT 0,
    salt BLOB NOT NULL,
    digest BLOB NOT NULL,
    created_at TEXT NOT NULL,
    revoked_at TEXT
) STRICT;

-- How often something was tried lately: wrong codes at a door, codes asked for by a member.
CREATE TABLE entry_tallies (
    subject TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    began_at TEXT NOT NULL,
    rests_until TEXT
) STRICT;
