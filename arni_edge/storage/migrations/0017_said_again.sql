-- Where only one person may confirm what needs two, they say it again later: when they did.
ALTER TABLE confirmations ADD COLUMN again_at TEXT;

-- Whether anything still stands under a pseudonym is asked every night.
CREATE INDEX audit_subject ON audit (subject);
