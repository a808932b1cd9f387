-- Who did what, chained: each row's hash covers the row and the hash before it. No names, no numbers: members stand
-- here under a pseudonym that goes when they are erased.
CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    act TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;

-- Where the chain begins (after old rows were forgotten) and where it ends; signed with a key outside the database.
CREATE TABLE audit_ends (
    which TEXT PRIMARY KEY CHECK (which IN ('first', 'last')),
    number INTEGER NOT NULL,
    hash TEXT NOT NULL,
    mac TEXT NOT NULL
) STRICT;

CREATE TABLE audit_subjects (
    member_id TEXT PRIMARY KEY,
    pseudonym TEXT NOT NULL UNIQUE
) STRICT;
