-- What else came with a message, as JSON: where its media can be fetched, which message it is about, a place.
ALTER TABLE inbound ADD COLUMN details TEXT NOT NULL DEFAULT '{}';

-- Which ids and numbers a conversation has had, so that it stays one conversation when the channel begins to hide
-- numbers, and nobody else's when a number changes hands. until: from then on it was somebody else's, or nobody's.
CREATE TABLE addresses (
    id INTEGER PRIMARY KEY,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    user_id TEXT,
    number TEXT,
    since TEXT NOT NULL,
    until TEXT
) STRICT;
CREATE UNIQUE INDEX addresses_user ON addresses (channel, user_id) WHERE until IS NULL;
CREATE UNIQUE INDEX addresses_number ON addresses (channel, number) WHERE until IS NULL;
CREATE INDEX addresses_address ON addresses (channel, address);

-- When somebody was last told that what they wrote arrived too late to be answered.
ALTER TABLE conversations ADD COLUMN told_late_at TEXT;
