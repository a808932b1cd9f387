-- That more people went in than were let in by an opening. weight: what it counts towards the recurrence of a member;
-- member_id is empty where nobody known was let in, or where it may have been somebody else.
CREATE TABLE tailgating (
    id INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL UNIQUE,
    door TEXT NOT NULL,
    member_id TEXT,
    at TEXT NOT NULL,
    entries INTEGER NOT NULL,
    together INTEGER NOT NULL,
    certainty TEXT NOT NULL CHECK (certainty IN ('possible', 'likely', 'sure')),
    weight REAL NOT NULL
) STRICT;
CREATE INDEX tailgating_member ON tailgating (member_id, at) WHERE member_id IS NOT NULL;
CREATE INDEX tailgating_at ON tailgating (at);
