-- One attempt to bring a feed's deliveries for a business date; open while closed_at is null.
-- final: the day was over when it was asked for and something came, so it need not be asked for again.
CREATE TABLE IF NOT EXISTS pull (
    pull_id INTEGER PRIMARY KEY,
    feed TEXT NOT NULL,
    business_date TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    closed_at TEXT,
    final INTEGER NOT NULL DEFAULT 0,
    contract_version TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS one_open_pull ON pull (feed, business_date) WHERE closed_at IS NULL;
CREATE INDEX IF NOT EXISTS pull_of_day ON pull (feed, business_date);
CREATE INDEX IF NOT EXISTS final_pull ON pull (feed, business_date) WHERE final;

-- Contents of one business date that one pull brought; position is the order of closing.
CREATE TABLE IF NOT EXISTS batch (
    position INTEGER PRIMARY KEY,
    batch_id TEXT NOT NULL UNIQUE,
    feed TEXT NOT NULL,
    business_date TEXT NOT NULL,
    pull_id INTEGER NOT NULL REFERENCES pull,
    closed_at TEXT NOT NULL,
    late_days INTEGER NOT NULL,
    contract_version TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS batch_of_day ON batch (feed, business_date, position);

-- One landed object as it was received.
CREATE TABLE IF NOT EXISTS receipt (
    receipt_id INTEGER PRIMARY KEY,
    pull_id INTEGER NOT NULL REFERENCES pull,
    batch_id TEXT,
    feed TEXT NOT NULL,
    table_name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('data', 'keys')),
    variant INTEGER NOT NULL,
    file_name TEXT NOT NULL,
    object_id TEXT NOT NULL,
    size INTEGER NOT NULL,
    source_uri TEXT NOT NULL,
    received_at TEXT NOT NULL,
    business_date TEXT NOT NULL,
    contract_version TEXT NOT NULL,
    cursor_before TEXT,
    cursor_after TEXT,
    UNIQUE (pull_id, table_name, file_name, object_id)
);
CREATE INDEX IF NOT EXISTS receipt_of_batch ON receipt (batch_id);
CREATE INDEX IF NOT EXISTS receipt_of_name ON receipt (feed, table_name, file_name, object_id);
CREATE INDEX IF NOT EXISTS receipt_of_object ON receipt (feed, table_name, object_id);
CREATE INDEX IF NOT EXISTS receipt_of_day ON receipt (feed, table_name, business_date);

-- How far a paged stream of an open pull is recorded.
CREATE TABLE IF NOT EXISTS stream (
    pull_id INTEGER NOT NULL REFERENCES pull,
    table_name TEXT NOT NULL,
    pages INTEGER NOT NULL,
    cursor TEXT,
    finished INTEGER NOT NULL,
    contract_version TEXT NOT NULL,
    PRIMARY KEY (pull_id, table_name)
) WITHOUT ROWID;

-- The state in which a dropped file was last looked at, so that an untouched file is not read again.
CREATE TABLE IF NOT EXISTS looked_at (
    feed TEXT NOT NULL,
    table_name TEXT NOT NULL,
    file_name TEXT NOT NULL,
    signature TEXT NOT NULL,
    PRIMARY KEY (feed, table_name, file_name)
) WITHOUT ROWID;

-- A file that was offered and not landed.
CREATE TABLE IF NOT EXISTS notice (
    notice_id INTEGER PRIMARY KEY,
    feed TEXT NOT NULL,
    table_name TEXT NOT NULL,
    kind TEXT NOT NULL,
    file_name TEXT NOT NULL,
    object_id TEXT,
    text TEXT NOT NULL,
    noticed_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS notice_of_feed ON notice (feed, notice_id);
