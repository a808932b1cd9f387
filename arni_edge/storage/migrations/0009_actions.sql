-- What cannot be undone stops here: proposed, confirmed, executing, and how it ended.
CREATE TABLE actions (
    action_id TEXT PRIMARY KEY,
    tool TEXT NOT NULL,
    -- Who asks twice with one key has asked once.
    key TEXT,
    -- Canonical JSON; personal.
    arguments TEXT NOT NULL,
    -- SHA-256 over tool, canonical arguments, conversation and id: a confirmation is for exactly this.
    digest TEXT NOT NULL,
    risk TEXT NOT NULL,
    assurance INTEGER NOT NULL,
    -- Conversation in which it must be confirmed ("whatsapp:+49…", "staff", "console"); personal.
    conversation TEXT NOT NULL,
    -- Who asked: member, staff or system, and which; how sure we were, and the role of staff.
    proposer_kind TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    proposer_assurance INTEGER NOT NULL,
    proposer_role INTEGER,
    language TEXT NOT NULL,
    member_id TEXT,
    -- JSON: language to sentence; personal.
    consequence TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('proposed', 'confirmed', 'executing', 'done', 'failed', 'expired', 'denied')),
    proposed_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    confirmed_at TEXT,
    ended_at TEXT,
    -- How often its effect was begun.
    runs INTEGER NOT NULL DEFAULT 0,
    -- One word for why it ended so: refused, unavailable, unknown, stuck, superseded …
    outcome TEXT NOT NULL DEFAULT '',
    -- JSON of what the tool gave back; personal.
    result TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX actions_key ON actions (tool, conversation, key) WHERE key IS NOT NULL;
CREATE INDEX actions_member ON actions (member_id);
CREATE INDEX actions_open ON actions (conversation, action_id) WHERE state = 'proposed';
CREATE INDEX actions_under_way ON actions (action_id) WHERE state IN ('confirmed', 'executing');

-- Who confirmed; two different people where the risk wants two.
CREATE TABLE confirmations (
    action_id TEXT NOT NULL REFERENCES actions (action_id),
    who TEXT NOT NULL,
    how TEXT NOT NULL,
    assurance INTEGER NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (action_id, who)
) STRICT;

-- Steps of an action that has several; what was done is undone when a later one fails.
CREATE TABLE saga_steps (
    action_id TEXT NOT NULL REFERENCES actions (action_id),
    step INTEGER NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('begun', 'done', 'failed', 'undoing', 'undone', 'stuck')),
    result TEXT NOT NULL DEFAULT '',
    at TEXT NOT NULL,
    PRIMARY KEY (action_id, step)
) STRICT;

-- What a person has to do by hand: a declared cancellation, a note from the door, a compensation that got stuck.
CREATE TABLE tickets (
    ticket_id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    member_id TEXT,
    channel TEXT,
    address TEXT,
    text TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'done')),
    created_at TEXT NOT NULL,
    ended_at TEXT,
    ended_by TEXT
) STRICT;
CREATE INDEX tickets_open ON tickets (ticket_id) WHERE state = 'open';
