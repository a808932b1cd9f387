-- Messages of people who were erased: WhatsApp delivers a message again for days, and it must not come back as a new
-- one. A digest of the message's id: it leads back to a message only for somebody who has the message.
CREATE TABLE forgotten_messages (
    digest TEXT PRIMARY KEY,
    at TEXT NOT NULL
) STRICT;
