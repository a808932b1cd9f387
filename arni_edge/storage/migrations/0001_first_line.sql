-- Times are ISO 8601 in UTC; states are the words of the domain.

-- Every message that ever came in: the UNIQUE constraint is what "answered once" rests on.
CREATE TABLE inbound (
    id INTEGER PRIMARY KEY,
    channel TEXT NOT NULL,
    message_id TEXT NOT NULL,
    conversation TEXT NOT NULL,
    phone TEXT,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    sent_at TEXT NOT NULL,
    received_at TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('received', 'handled', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    trace TEXT NOT NULL DEFAULT '',
    intent TEXT,
    handled_at TEXT,
    UNIQUE (channel, message_id)
) STRICT;
CREATE INDEX inbound_waiting ON inbound (id) WHERE state = 'received';

-- How far the box has read each stream of the relay; the box owns its cursor.
CREATE TABLE relay_cursor (
    stream TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL
) STRICT;

-- One row per other side of a channel.
CREATE TABLE conversations (
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    mode TEXT NOT NULL DEFAULT 'bot' CHECK (mode IN ('bot', 'human')),
    disclosed_at TEXT,
    human_acknowledged_at TEXT,
    PRIMARY KEY (channel, address)
) STRICT;

-- Everything that is said to people leaves through here. tracking_id comes back in delivery reports.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    channel TEXT NOT NULL,
    recipient TEXT NOT NULL,
    text TEXT NOT NULL,
    priority INTEGER NOT NULL,
    position REAL NOT NULL,
    template TEXT,
    reply_to TEXT,
    tracking_id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'retry', 'uncertain', 'sent', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    not_before TEXT,
    provider_id TEXT,
    delivery TEXT,
    reason TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX outbox_open ON outbox (channel, priority, position)
    WHERE state IN ('queued', 'sending', 'retry', 'uncertain');
CREATE INDEX outbox_position ON outbox (position);

-- The local mirror of members. A phone number on file twice identifies nobody, so it is not UNIQUE.
CREATE TABLE members (
    member_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    phone TEXT NOT NULL,
    state TEXT NOT NULL,
    valid_from TEXT,
    valid_until TEXT
) STRICT;
CREATE INDEX members_phone ON members (phone);

-- When each part of the mirror was last known to be true, and who keeps it: the owner, or a full synchronisation.
CREATE TABLE mirror (
    part TEXT PRIMARY KEY,
    kept_by TEXT NOT NULL CHECK (kept_by IN ('hand', 'sync')),
    refreshed_at TEXT NOT NULL
) STRICT;

-- Every attempt to come in, allowed or not. 'commanded' is written before the command leaves; after a crash
-- such a row is never sent again.
CREATE TABLE door_audit (
    id INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL UNIQUE,
    door TEXT NOT NULL,
    source TEXT NOT NULL,
    member_id TEXT,
    at TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('denied', 'commanded', 'ended')),
    rule TEXT NOT NULL,
    outcome TEXT,
    evidence TEXT,
    seconds REAL,
    ended_at TEXT
) STRICT;
CREATE INDEX door_audit_commanded ON door_audit (id) WHERE state = 'commanded';

-- Alarms, stored before anything else happens. source_key makes one emergency message one alarm.
CREATE TABLE alarms (
    alarm_id TEXT PRIMARY KEY,
    source_key TEXT NOT NULL UNIQUE,
    cause TEXT NOT NULL,
    source TEXT NOT NULL,
    raised_at TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'acknowledged', 'closed'))
) STRICT;

-- What was done for an alarm, one row per sink, with its own outcome.
CREATE TABLE alarm_sinks (
    alarm_id TEXT NOT NULL REFERENCES alarms (alarm_id),
    sink TEXT NOT NULL,
    state TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '',
    at TEXT NOT NULL,
    PRIMARY KEY (alarm_id, sink)
) STRICT;
