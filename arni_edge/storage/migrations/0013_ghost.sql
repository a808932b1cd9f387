-- Ghost mode: who reads along, who has taken a chat over and until when it comes back by itself.
ALTER TABLE conversations ADD COLUMN ghost TEXT NOT NULL DEFAULT 'off' CHECK (ghost IN ('off', 'read', 'hold'));
ALTER TABLE conversations ADD COLUMN taken_by TEXT;
ALTER TABLE conversations ADD COLUMN taken_until TEXT;
-- Short handle that staff call a chat by; says nothing about who it is.
ALTER TABLE conversations ADD COLUMN handle TEXT;
CREATE UNIQUE INDEX conversations_handle ON conversations (handle) WHERE handle IS NOT NULL;

-- An answer that staff may see, change or stop before it leaves.
CREATE TABLE drafts (
    draft_id TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    message_id TEXT NOT NULL,
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

-- What staff whispered to the assistant for its next answer; never shown to the member.
CREATE TABLE whispers (
    id INTEGER PRIMARY KEY,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    staff TEXT NOT NULL,
    text TEXT NOT NULL,
    at TEXT NOT NULL,
    used_at TEXT
) STRICT;

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
    taken_by TEXT,
    taken_at TEXT,
    ended_at TEXT
) STRICT;
CREATE UNIQUE INDEX handoffs_open ON handoffs (channel, address) WHERE state != 'ended';
