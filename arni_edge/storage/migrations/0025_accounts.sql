-- dunned: Magicline has a dunning level of theirs, or their debts are with an agency; NULL: nobody has said. No amount
-- is kept: which sign a debt has is documented nowhere.
ALTER TABLE magicline_customers ADD COLUMN dunned INTEGER CHECK (dunned IN (0, 1));
ALTER TABLE magicline_customers ADD COLUMN account_read_at TEXT;

-- Whether the doors stay shut while this contract rests; NULL: nobody has said, and they do.
ALTER TABLE magicline_contracts ADD COLUMN pause_refuses INTEGER CHECK (pause_refuses IN (0, 1));

-- The same for the door; arrears is what the gym says itself. Either counts.
ALTER TABLE members ADD COLUMN dunned INTEGER NOT NULL DEFAULT 0 CHECK (dunned IN (0, 1));
