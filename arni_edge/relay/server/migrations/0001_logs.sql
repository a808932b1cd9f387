-- Read by SQLite and by PostgreSQL: only what means the same to both. Times are milliseconds since 1970, UTC.

-- One gym, its webhook path, and the head of its log. Whoever appends holds this row until the commit: so the
-- numbers have no gap, and nobody sees number 8 before number 7.
CREATE TABLE gym (
    id             TEXT   NOT NULL PRIMARY KEY,
    path_hash      BYTEA  NOT NULL UNIQUE,   -- SHA-256; the path itself is nowhere
    verify_hash    BYTEA  NOT NULL,          -- SHA-256 of the verify token
    app_secret     TEXT,                     -- of the gym's own Meta app; NULL: the shared one
    magicline_hash BYTEA,                    -- SHA-256 of the webhook key; NULL: no Magicline
    log            TEXT   NOT NULL,          -- new whenever the numbers begin anew
    oldest         BIGINT NOT NULL DEFAULT 1,
    newest         BIGINT NOT NULL DEFAULT 0,
    epoch          BIGINT NOT NULL DEFAULT 0, -- of the box that counts; 0: none yet
    revoked        BIGINT NOT NULL DEFAULT 0
);

-- The keys of all boxes that a gym has had: an old one is told that it was replaced.
CREATE TABLE box_key (
    gym         TEXT   NOT NULL REFERENCES gym (id) ON DELETE CASCADE,
    epoch       BIGINT NOT NULL,
    public_key  BYTEA  NOT NULL,
    enrolled_at BIGINT NOT NULL,
    PRIMARY KEY (gym, epoch)
);

CREATE TABLE enrolment (
    hash       BYTEA  NOT NULL PRIMARY KEY,  -- SHA-256 of the code
    gym        TEXT   NOT NULL REFERENCES gym (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL,
    epoch      BIGINT                        -- what it was used for; NULL: not used
);

CREATE TABLE event (
    gym         TEXT   NOT NULL REFERENCES gym (id) ON DELETE CASCADE,
    sequence    BIGINT NOT NULL,
    source      TEXT   NOT NULL,
    received_at BIGINT NOT NULL,
    size        BIGINT NOT NULL,             -- bytes of the body; before the body, so that it is read without it
    signature   TEXT,
    body        BYTEA,                       -- NULL: erased
    PRIMARY KEY (gym, sequence)
);
