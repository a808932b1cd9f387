-- Devices that were heard on the broker, and how the owner stands to them. The pages of the settings file are not
-- in here: only what was adopted with the command has an id, a role and a place.
CREATE TABLE devices (
    key TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('seen', 'adopted', 'ignored')),
    id TEXT UNIQUE,
    name TEXT NOT NULL DEFAULT '',
    room TEXT NOT NULL DEFAULT '',
    role TEXT,
    component TEXT,
    switch INTEGER,
    generation INTEGER,
    prefix TEXT,
    model TEXT,
    firmware TEXT,
    first_seen TEXT NOT NULL,
    last_seen TEXT NOT NULL,
    CHECK (state != 'adopted' OR (id IS NOT NULL AND role IS NOT NULL AND prefix IS NOT NULL))
) STRICT;
CREATE INDEX devices_seen ON devices (last_seen) WHERE state = 'seen';
