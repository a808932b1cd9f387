-- Further numbers of a member: Magicline has up to four. A number that stands anywhere twice identifies nobody.
CREATE TABLE member_phones (
    member_id TEXT NOT NULL REFERENCES members (member_id) ON DELETE CASCADE,
    phone TEXT NOT NULL,
    PRIMARY KEY (member_id, phone)
) STRICT;
CREATE INDEX member_phones_phone ON member_phones (phone);

-- Who keeps a row: the owner, or Magicline. barred: the gym itself has banned them, whatever Magicline says.
-- gone_at: Magicline has not had them since; their number is nobody's.
ALTER TABLE members ADD COLUMN kept_by TEXT NOT NULL DEFAULT 'hand' CHECK (kept_by IN ('hand', 'sync'));
ALTER TABLE members ADD COLUMN barred INTEGER NOT NULL DEFAULT 0 CHECK (barred IN (0, 1));
ALTER TABLE members ADD COLUMN gone_at TEXT;
UPDATE members SET barred = 1 WHERE state = 'banned';

-- Who was erased, as digests: whatever still lists them does not bring them back. seen_at: when it last listed them.
CREATE TABLE erased_members (
    digest TEXT PRIMARY KEY,
    seen_at TEXT NOT NULL,
    told INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The mirror of Magicline. Ids are Magicline's; days are the studio's, moments have offsets. read_at: when a row was
-- asked for. Nothing about banks, no birthday, no address, no card, no reason of a pause.
CREATE TABLE magicline_customers (
    customer_id INTEGER PRIMARY KEY,
    member_id TEXT NOT NULL UNIQUE,
    number TEXT NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    phones TEXT NOT NULL,
    language TEXT,
    status TEXT NOT NULL,
    access_refused INTEGER NOT NULL,
    restrictions TEXT NOT NULL,
    studio_id INTEGER,
    read_at TEXT NOT NULL,
    contracts_read_at TEXT,
    seen_in INTEGER NOT NULL DEFAULT 0,
    detailed_in INTEGER NOT NULL DEFAULT 0,
    missed INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE magicline_contracts (
    contract_id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES magicline_customers (customer_id) ON DELETE CASCADE,
    start_on TEXT,
    end_on TEXT,
    rate_name TEXT NOT NULL,
    rate_codes TEXT NOT NULL,
    status TEXT NOT NULL,
    cancelled INTEGER NOT NULL,
    cancellation_on TEXT,
    last_cancellation_on TEXT,
    reversed INTEGER NOT NULL,
    read_at TEXT NOT NULL
) STRICT;
CREATE INDEX magicline_contracts_customer ON magicline_contracts (customer_id);

CREATE TABLE magicline_pauses (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES magicline_customers (customer_id) ON DELETE CASCADE,
    contract_id INTEGER,
    start_on TEXT NOT NULL,
    end_on TEXT,
    unlimited INTEGER NOT NULL,
    read_at TEXT NOT NULL
) STRICT;
CREATE INDEX magicline_pauses_customer ON magicline_pauses (customer_id);

CREATE TABLE magicline_bookings (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('class', 'appointment')),
    booking_id INTEGER NOT NULL,
    customer_id INTEGER NOT NULL REFERENCES magicline_customers (customer_id) ON DELETE CASCADE,
    status TEXT NOT NULL,
    slot_id INTEGER,
    class_id INTEGER,
    start_at TEXT,
    end_at TEXT,
    title TEXT NOT NULL,
    takes_place TEXT NOT NULL,
    participation TEXT NOT NULL,
    read_at TEXT NOT NULL,
    UNIQUE (kind, booking_id)
) STRICT;
CREATE INDEX magicline_bookings_customer ON magicline_bookings (customer_id, kind);

CREATE TABLE magicline_checkins (
    checkin_id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES magicline_customers (customer_id) ON DELETE CASCADE,
    start_at TEXT,
    end_at TEXT,
    studio_id INTEGER,
    read_at TEXT NOT NULL
) STRICT;
CREATE INDEX magicline_checkins_customer ON magicline_checkins (customer_id, start_at);

CREATE TABLE magicline_classes (
    class_id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    kind TEXT NOT NULL,
    duration_minutes INTEGER,
    category TEXT NOT NULL,
    description TEXT NOT NULL,
    bookable INTEGER NOT NULL,
    cancel_value INTEGER,
    cancel_unit TEXT,
    late_cancel INTEGER,
    read_at TEXT NOT NULL
) STRICT;

-- day: of the studio, on which it begins.
CREATE TABLE magicline_slots (
    slot_id INTEGER PRIMARY KEY,
    class_id INTEGER,
    title TEXT NOT NULL,
    day TEXT,
    start_at TEXT,
    end_at TEXT,
    instructors TEXT NOT NULL,
    location TEXT NOT NULL,
    bookable_from TEXT,
    bookable_until TEXT,
    places INTEGER,
    booked INTEGER NOT NULL,
    added INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    waiting_places INTEGER NOT NULL,
    read_at TEXT NOT NULL
) STRICT;
CREATE INDEX magicline_slots_day ON magicline_slots (day);

CREATE TABLE magicline_appointments (
    appointment_id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    duration_minutes INTEGER,
    category TEXT NOT NULL,
    description TEXT NOT NULL,
    read_at TEXT NOT NULL
) STRICT;

-- What members may read of who works there.
CREATE TABLE magicline_employees (
    employee_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    read_at TEXT NOT NULL
) STRICT;

-- One row. facts: JSON, for members; inside and capacity: Magicline's own count.
CREATE TABLE magicline_studio (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    facts TEXT NOT NULL DEFAULT '{}',
    read_at TEXT,
    inside INTEGER,
    capacity INTEGER,
    counted_at TEXT
) STRICT;

-- How old each part of the mirror is. full_at: when the last reading of all of it began; read_at: of any of it.
CREATE TABLE magicline_parts (
    part TEXT PRIMARY KEY,
    full_at TEXT,
    read_at TEXT,
    problem TEXT NOT NULL DEFAULT ''
) STRICT;

-- The reading of everything that is under way, or the last one; one row per pass, its place survives a restart.
-- page_offset: opaque, of Magicline's; NULL: at the beginning of the phase.
CREATE TABLE magicline_passes (
    pass_id INTEGER PRIMARY KEY,
    begun_at TEXT NOT NULL,
    phase TEXT NOT NULL,
    page_offset TEXT,
    found INTEGER NOT NULL DEFAULT 0,
    ended_at TEXT
) STRICT;

-- Webhooks that were taken in: delivered again, they say nothing new.
CREATE TABLE magicline_webhooks (
    uuid TEXT PRIMARY KEY,
    at TEXT NOT NULL
) STRICT;

-- What webhooks say has changed, once per thing: it is read anew, and what was hinted at meanwhile once more.
-- parent_id: the class of a slot. urgent: somebody may not come in any more.
CREATE TABLE magicline_hints (
    id INTEGER PRIMARY KEY,
    entity TEXT NOT NULL,
    entity_id INTEGER NOT NULL,
    parent_id INTEGER,
    revision INTEGER NOT NULL DEFAULT 1,
    urgent INTEGER NOT NULL DEFAULT 0,
    at TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    not_before TEXT,
    reason TEXT NOT NULL DEFAULT '',
    UNIQUE (entity, entity_id)
) STRICT;
