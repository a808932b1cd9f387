-- Addresses of channels that say nothing about a number by themselves, bound to a member by a code or by staff.
-- proof: keyed digest of the numbers that it rests on; when one of them changes, the row is worth nothing.
CREATE TABLE identities (
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    member_id TEXT NOT NULL,
    proof TEXT NOT NULL,
    bound_at TEXT NOT NULL,
    bound_by TEXT NOT NULL,
    PRIMARY KEY (channel, address)
) STRICT;
CREATE INDEX identities_member ON identities (member_id);

-- How sure we are for a while, beyond what the channel itself says.
CREATE TABLE assurances (
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    member_id TEXT NOT NULL,
    proof TEXT NOT NULL,
    level INTEGER NOT NULL,
    until TEXT NOT NULL,
    PRIMARY KEY (channel, address)
) STRICT;
CREATE INDEX assurances_member ON assurances (member_id);

-- Codes that prove who writes: a keyed digest, one conversation (a digest as well), one purpose.
-- member_id is empty where a number was claimed that nobody has: such a row proves nothing, and looks the same.
CREATE TABLE identity_codes (
    code_id TEXT PRIMARY KEY,
    member_id TEXT NOT NULL,
    conversation TEXT NOT NULL,
    proof TEXT NOT NULL,
    salt BLOB NOT NULL,
    digest BLOB NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    -- Under which wrong tries are counted across conversations, alike for a number that nobody has.
    counted_as TEXT NOT NULL,
    used_at TEXT,
    -- Digest of the message that used it: the same message again, after a crash, gets the same answer.
    used_by TEXT
) STRICT;
CREATE INDEX identity_codes_conversation ON identity_codes (conversation);

-- Staff are asked whether it is really them. member_id is empty as above; such a row is shown to nobody.
CREATE TABLE identity_requests (
    request_id TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    phone TEXT,
    member_id TEXT NOT NULL,
    proof TEXT NOT NULL,
    language TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'confirmed', 'refused')),
    asked_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    ended_by TEXT
) STRICT;
CREATE INDEX identity_requests_conversation ON identity_requests (channel, address);

-- What somebody wants and what waits until it is sure that it is them; one per conversation, the newest.
CREATE TABLE errands (
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    language TEXT NOT NULL,
    -- Member number that they say is theirs; proves nothing.
    claimed TEXT,
    tool TEXT,
    arguments TEXT NOT NULL DEFAULT '{}',
    expires_at TEXT NOT NULL,
    PRIMARY KEY (channel, address)
) STRICT;

-- What stands behind a button that was pressed.
ALTER TABLE inbound ADD COLUMN payload TEXT;
-- The text is for the recipient alone: it is not kept once it has left, or never will.
ALTER TABLE outbox ADD COLUMN secret INTEGER NOT NULL DEFAULT 0 CHECK (secret IN (0, 1));
