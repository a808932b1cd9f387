-- What staff are shown: one row per person and thing. The channel makes what they see equal to what stands here.
CREATE TABLE staff_posts (
    contact TEXT NOT NULL,
    key TEXT NOT NULL,
    text TEXT NOT NULL,
    buttons TEXT NOT NULL DEFAULT '[]',
    priority INTEGER NOT NULL,
    silent INTEGER NOT NULL DEFAULT 0,
    -- A question: the channel asks for a text in reply. Such a message can never be edited.
    asks INTEGER NOT NULL DEFAULT 0,
    revision INTEGER NOT NULL DEFAULT 1,
    -- Goes up with every revision that is to be said anew, not edited.
    utterance INTEGER NOT NULL DEFAULT 1,
    shown_revision INTEGER NOT NULL DEFAULT 0,
    shown_utterance INTEGER NOT NULL DEFAULT 0,
    chat INTEGER,
    message_id INTEGER,
    -- The message before the last one, while its buttons are still there.
    stale_id INTEGER,
    state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'shown', 'failed')),
    -- New messages of which nobody knows whether they arrived.
    attempts INTEGER NOT NULL DEFAULT 0,
    not_before TEXT,
    reason TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (contact, key)
) STRICT;
CREATE INDEX staff_posts_open ON staff_posts (priority, updated_at) WHERE state = 'queued';
CREATE INDEX staff_posts_stale ON staff_posts (contact) WHERE stale_id IS NOT NULL;
CREATE INDEX staff_posts_message ON staff_posts (chat, message_id);

-- What stands behind a button: the channel carries a token that nobody can guess.
CREATE TABLE staff_buttons (
    token TEXT PRIMARY KEY,
    contact TEXT NOT NULL,
    key TEXT NOT NULL,
    act TEXT NOT NULL,
    argument TEXT NOT NULL,
    UNIQUE (contact, key, act, argument)
) STRICT;

-- Addresses of staff that were bound by a one-time code, beside those in the settings.
CREATE TABLE staff_channels (
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    staff TEXT NOT NULL,
    bound_at TEXT NOT NULL,
    PRIMARY KEY (channel, address)
) STRICT;
CREATE TABLE staff_invites (
    digest TEXT PRIMARY KEY,
    staff TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at TEXT
) STRICT;

-- How far Telegram's updates were taken in.
CREATE TABLE telegram_cursor (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    update_id INTEGER NOT NULL,
    at TEXT NOT NULL
) STRICT;
-- What staff did at Telegram lately: it comes at least once, so what was done is remembered for a while.
CREATE TABLE telegram_updates (
    update_id INTEGER PRIMARY KEY,
    person INTEGER NOT NULL,
    -- What was pressed or written; forgotten when it is done.
    payload TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX telegram_updates_open ON telegram_updates (at, update_id) WHERE payload IS NOT NULL;
-- A group that became a supergroup has another id.
CREATE TABLE telegram_moves (
    chat INTEGER PRIMARY KEY,
    moved_to INTEGER NOT NULL
) STRICT;
-- Chats that take nothing from us: the bot was blocked, or never started.
CREATE TABLE telegram_unreachable (
    chat INTEGER PRIMARY KEY,
    reason TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
-- Questions that wait for a text: a note, a reason, a new wording. What is asked is the post of the same key.
CREATE TABLE staff_questions (
    contact TEXT NOT NULL,
    key TEXT NOT NULL,
    staff TEXT NOT NULL,
    act TEXT NOT NULL,
    argument TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (contact, key)
) STRICT;
-- Who wants no notices until when; alarms come all the same.
CREATE TABLE staff_quiet (
    staff TEXT PRIMARY KEY,
    until TEXT NOT NULL
) STRICT;
