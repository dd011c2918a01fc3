-- Times are microseconds since 1970 in UTC; the zero time is that of year 1, but
-- for due and until, where it is NULL. AUTOINCREMENT, because neither a position
-- nor a key is ever used again.

CREATE TABLE carillon_change (
	position      INTEGER PRIMARY KEY AUTOINCREMENT,
	tenant        TEXT    NOT NULL,
	at            INTEGER NOT NULL,
	interaction   INTEGER NOT NULL,
	resource_type TEXT    NOT NULL,
	resource_id   TEXT    NOT NULL,
	resource      BLOB,
	previous      BLOB,
	topics        TEXT    NOT NULL, -- JSON array, or empty
	undecided     TEXT    NOT NULL, -- JSON array, or empty
	method        TEXT    NOT NULL,
	url           TEXT    NOT NULL,
	result_status TEXT    NOT NULL,
	subscription  INTEGER NOT NULL,
	spec          BLOB
);
CREATE INDEX carillon_change_at ON carillon_change (at);

-- What a reader can see of a Subscription, which changes seldom.
CREATE TABLE carillon_subscription (
	key        INTEGER PRIMARY KEY AUTOINCREMENT,
	tenant     TEXT    NOT NULL,
	id         TEXT    NOT NULL,
	revision   INTEGER NOT NULL,
	resource   BLOB,
	updated_at INTEGER NOT NULL,
	status     TEXT    NOT NULL,
	error      TEXT    NOT NULL,
	spec       BLOB,
	sequenced  BLOB,
	max_count  INTEGER NOT NULL,
	UNIQUE (tenant, id)
);
CREATE INDEX carillon_subscription_tenant ON carillon_subscription (tenant);

-- What every event and delivery writes: narrow rows, so that little is rewritten.
CREATE TABLE carillon_delivery (
	subscription  INTEGER PRIMARY KEY,
	count         INTEGER NOT NULL,
	cursor        INTEGER NOT NULL,
	frozen        INTEGER NOT NULL,
	attempt       INTEGER NOT NULL,
	failing_since INTEGER NOT NULL,
	sent_at       INTEGER NOT NULL,
	due           INTEGER,
	eager         INTEGER NOT NULL,
	announce      INTEGER NOT NULL,
	claim         INTEGER NOT NULL, -- token of the newest claim
	node          TEXT,             -- whose it is; NULL: it was ended
	until         INTEGER           -- NULL: not claimed, or found to have run out
);
CREATE INDEX carillon_delivery_due ON carillon_delivery (due) WHERE until IS NULL AND due IS NOT NULL;
CREATE INDEX carillon_delivery_until ON carillon_delivery (until) WHERE until IS NOT NULL;

CREATE TABLE carillon_event (
	subscription INTEGER NOT NULL,
	number       INTEGER NOT NULL,
	position     INTEGER NOT NULL,
	redacted     INTEGER NOT NULL,
	PRIMARY KEY (subscription, number)
) WITHOUT ROWID;
CREATE INDEX carillon_event_position ON carillon_event (position);

CREATE TABLE carillon_lease (
	name   TEXT PRIMARY KEY,
	node   TEXT, -- NULL: released
	token  INTEGER NOT NULL,
	until  INTEGER NOT NULL,
	cursor INTEGER NOT NULL
) WITHOUT ROWID;
