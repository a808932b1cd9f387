-- Whoever asked for it was told that it takes long: how it ends has to be told in the conversation.
ALTER TABLE actions ADD COLUMN promised INTEGER NOT NULL DEFAULT 0 CHECK (promised IN (0, 1));
