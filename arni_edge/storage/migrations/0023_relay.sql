-- Whose numbers the cursor counts: a log of the relay that was set up anew has another name.
CREATE TABLE relay_logs (
    stream TEXT PRIMARY KEY,
    log TEXT NOT NULL
) STRICT;

-- Which events of the relay's log speak of which message, by a digest of its id: whoever is forgotten here is to be
-- forgotten there. A row goes with its event at the relay.
CREATE TABLE relay_traces (
    message TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (message, sequence)
) STRICT;
CREATE INDEX relay_traces_sequence ON relay_traces (sequence);

-- Events that the relay is to be asked to erase, until it has.
CREATE TABLE relay_erasures (
    sequence INTEGER PRIMARY KEY
) STRICT;

-- Events that the relay no longer had when the box came for them: after and before these numbers. oldest NULL: its
-- log was set up anew, and nobody knows what was in the end of the one before.
CREATE TABLE relay_losses (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    after INTEGER NOT NULL,
    oldest INTEGER
) STRICT;
