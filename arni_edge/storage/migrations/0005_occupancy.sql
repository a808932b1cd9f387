-- How many people are in the gym, and how many were. Numbers only: nothing here says who.
CREATE TABLE headcount (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    saved_at TEXT NOT NULL,
    inside INTEGER NOT NULL CHECK (inside >= 0),
    entries INTEGER NOT NULL,
    exits INTEGER NOT NULL,
    zeroed_for TEXT,
    proved_at TEXT,
    crossings INTEGER NOT NULL,
    blind_seconds REAL NOT NULL,
    clamps INTEGER NOT NULL,
    drift INTEGER,
    drift_at TEXT,
    error_rate REAL NOT NULL,
    per_hour REAL NOT NULL,
    awaits_lines INTEGER NOT NULL
) STRICT;

-- What of the lines' totals is in the headcount already; written with it, in one transaction.
CREATE TABLE line_totals (
    line TEXT PRIMARY KEY,
    epoch TEXT NOT NULL,
    entries INTEGER NOT NULL,
    exits INTEGER NOT NULL,
    at TEXT NOT NULL
) STRICT;

-- One row per place and hour; the hour is the studio's, its beginning is written in UTC. Place '' is the whole gym.
CREATE TABLE occupancy_hours (
    place TEXT NOT NULL,
    hour TEXT NOT NULL,
    seconds REAL NOT NULL,
    people_seconds REAL NOT NULL,
    most INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    exits INTEGER NOT NULL,
    PRIMARY KEY (place, hour)
) STRICT, WITHOUT ROWID;
CREATE INDEX occupancy_hours_age ON occupancy_hours (hour);
