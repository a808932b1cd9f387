-- Ghost mode: who has taken a chat over, and until when it comes back by itself.
ALTER TABLE conversations ADD COLUMN taken_by TEXT;
ALTER TABLE conversations ADD COLUMN taken_until TEXT;
-- Short handle that staff call a chat by; says nothing about who it is.
ALTER TABLE conversations ADD COLUMN handle TEXT;
CREATE UNIQUE INDEX conversations_handle ON conversations (handle) WHERE handle IS NOT NULL;
CREATE INDEX conversations_taken ON conversations (taken_until) WHERE mode = 'human';

-- Who reads along, and whether risky answers wait for their word. Handle '*': every chat.
CREATE TABLE ghost_readers (
    staff TEXT NOT NULL,
    handle TEXT NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('read', 'hold')),
    at TEXT NOT NULL,
    PRIMARY KEY (staff, handle)
) STRICT;

-- An answer that staff may see, change or stop before it leaves.
CREATE TABLE drafts (
    draft_id TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    message_id TEXT NOT NULL,
    -- Key of the answer in the outbox: the same as if it had never been held.
    key TEXT NOT NULL,
    -- Said before the text to whoever was never told that an AI is speaking.
    greeting TEXT NOT NULL DEFAULT '',
    text TEXT NOT NULL,
    risk TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('held', 'sent', 'edited', 'withdrawn')),
    created_at TEXT NOT NULL,
    release_at TEXT NOT NULL,
    ended_at TEXT,
    ended_by TEXT,
    UNIQUE (channel, message_id)
) STRICT;
CREATE INDEX drafts_held ON drafts (release_at) WHERE state = 'held';

-- What staff whispered to the assistant for its next answer; never shown to the member. heard: 1 when a model
-- wrote that answer, 0 when none did.
CREATE TABLE whispers (
    id INTEGER PRIMARY KEY,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    staff TEXT NOT NULL,
    text TEXT NOT NULL,
    at TEXT NOT NULL,
    used_at TEXT,
    heard INTEGER CHECK (heard IN (0, 1))
) STRICT;
CREATE INDEX whispers_waiting ON whispers (channel, address) WHERE used_at IS NULL;

-- Somebody wants a person.
CREATE TABLE handoffs (
    handoff_id TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    reason TEXT NOT NULL,
    language TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('asked', 'late', 'taken', 'ended')),
    asked_at TEXT NOT NULL,
    due_at TEXT NOT NULL,
    step INTEGER NOT NULL DEFAULT 0,
    -- They asked again since staff were last called.
    again INTEGER NOT NULL DEFAULT 0,
    taken_by TEXT,
    taken_at TEXT,
    ended_at TEXT
) STRICT;
CREATE UNIQUE INDEX handoffs_open ON handoffs (channel, address) WHERE state != 'ended';

-- A chat is read by its two sides.
CREATE INDEX inbound_conversation ON inbound (channel, conversation, id);
CREATE INDEX outbox_recipient ON outbox (channel, recipient, position);
