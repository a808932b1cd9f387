-- How far the gym's boxes have read: the highest cursor that one of them has asked with. A box that asks with a lower
-- one was restored from a backup, or replaces another; it has to know which events were read before.
ALTER TABLE gym ADD COLUMN read_to BIGINT NOT NULL DEFAULT 0;
