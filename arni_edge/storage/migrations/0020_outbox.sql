-- One outbox for everything that leaves the house: messages, bookings. A row belongs to a line (who sends it), and
-- those with the same order key leave in their order. The payload is the line's own.
ALTER TABLE outbox RENAME TO outbox_before;
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    line TEXT NOT NULL,
    kind TEXT NOT NULL,
    order_key TEXT NOT NULL,
    payload TEXT NOT NULL CHECK (json_valid(payload)),
    priority INTEGER NOT NULL,
    position REAL NOT NULL,
    secret INTEGER NOT NULL DEFAULT 0 CHECK (secret IN (0, 1)),
    -- Whom it is about, where the order key does not say it.
    member_id TEXT,
    tracking_id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'retry', 'parked', 'uncertain',
        'sent', 'failed', 'expired', 'quarantined', 'dropped')),
    attempts INTEGER NOT NULL DEFAULT 0,
    -- How often it was refused as malformed, or was under way when its sender crashed.
    faults INTEGER NOT NULL DEFAULT 0,
    not_before TEXT,
    expires_at TEXT,
    provider_id TEXT,
    delivery TEXT,
    -- What the other side answered, where the line wants to know it (JSON).
    result TEXT CHECK (result IS NULL OR json_valid(result)),
    reason TEXT,
    -- Tracking id of the row that must have arrived before this one leaves: the part before it.
    after TEXT,
    -- Tracking id of the row that says this one's words together with its own; it shares that one's fate.
    carried_by TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    -- What messages are looked for by.
    recipient TEXT AS (order_key),
    text TEXT AS (CASE WHEN json_valid(payload) THEN json_extract(payload, '$.text') END),
    template TEXT AS (CASE WHEN json_valid(payload) THEN json_extract(payload, '$.template.name') END),
    reply_to TEXT AS (CASE WHEN json_valid(payload) THEN json_extract(payload, '$.reply_to') END)
) STRICT;

INSERT INTO outbox (id, key, line, kind, order_key, payload, priority, position, secret, tracking_id, state,
        attempts, not_before, expires_at, provider_id, delivery, reason, created_at, updated_at)
    SELECT id, key, channel, CASE WHEN template IS NULL THEN 'message' ELSE 'template' END, recipient,
        json_patch(json_object('text', text), json_object('reply_to', reply_to,
            'template', CASE WHEN template IS NULL THEN NULL
                ELSE json_object('name', template, 'values', json_array(), 'always', json('true')) END)),
        priority, position, secret, tracking_id, state,
        attempts, not_before, strftime('%Y-%m-%dT%H:%M:%S+00:00', created_at, '+1 day'),
        provider_id, delivery, reason, created_at, updated_at
    FROM outbox_before;
DROP TABLE outbox_before;

CREATE INDEX outbox_open ON outbox (line, priority, position)
    WHERE state IN ('queued', 'sending', 'retry', 'parked', 'uncertain');
CREATE INDEX outbox_position ON outbox (position);
CREATE INDEX outbox_recipient ON outbox (line, order_key, position);
CREATE INDEX outbox_carried ON outbox (carried_by) WHERE carried_by IS NOT NULL;
CREATE INDEX outbox_waiting ON outbox (line, order_key, priority, position)
    WHERE state IN ('queued', 'sending', 'retry', 'parked', 'uncertain');
CREATE INDEX outbox_state ON outbox (line, state);

-- When somebody wrote last: whether we may write to them.
CREATE INDEX inbound_phone ON inbound (channel, phone, sent_at) WHERE phone IS NOT NULL;
