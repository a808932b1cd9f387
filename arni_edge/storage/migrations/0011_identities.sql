-- Addresses of channels that say nothing about a number by themselves, bound to a member by a code or by staff.
CREATE TABLE identities (
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    member_id TEXT NOT NULL,
    bound_at TEXT NOT NULL,
    bound_by TEXT NOT NULL,
    PRIMARY KEY (channel, address)
) STRICT;

-- How sure we are for a while, beyond what the channel itself says.
CREATE TABLE assurances (
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    member_id TEXT NOT NULL,
    level INTEGER NOT NULL,
    until TEXT NOT NULL,
    PRIMARY KEY (channel, address)
) STRICT;

-- Codes that prove who writes: a keyed digest, one conversation (a digest as well), one purpose.
CREATE TABLE identity_codes (
    code_id TEXT PRIMARY KEY,
    member_id TEXT NOT NULL,
    conversation TEXT NOT NULL,
    salt BLOB NOT NULL,
    digest BLOB NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    used_at TEXT
) STRICT;
CREATE INDEX identity_codes_conversation ON identity_codes (conversation);
