-- "carillon" stands for the schema's name. Times are microseconds since 1970 in UTC; the
-- zero time is that of year 1, but for due and until, where it is NULL. What is compared
-- is compared by bytes: COLLATE "C" is faster and stays the same when the system's
-- collations change. Resources are not compressed: they are written once, read a few
-- times soon after, and pruned.

-- Changes as transactions commit them: in any order, without a position. The changes of
-- one statement share a number of their own, so that others' don't get between them.
CREATE SEQUENCE carillon.append;
CREATE TABLE carillon.incoming (
	append        bigint   NOT NULL,
	nth           integer  NOT NULL,
	tenant        text     NOT NULL,
	at            bigint   NOT NULL,
	interaction   smallint NOT NULL,
	resource_type text     NOT NULL,
	resource_id   text     NOT NULL,
	resource      bytea,
	previous      bytea,
	topics        text     NOT NULL, -- JSON array, or empty
	undecided     text     NOT NULL, -- JSON array, or empty
	events        bytea,
	method        text     NOT NULL,
	url           bytea    NOT NULL, -- bytes, since anybody may have written it
	result_status text     NOT NULL,
	subscription  bigint   NOT NULL,
	spec          bytea,
	PRIMARY KEY (append, nth)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0,
	autovacuum_vacuum_insert_threshold = -1);
ALTER TABLE carillon.incoming ALTER resource SET STORAGE EXTERNAL, ALTER previous SET STORAGE EXTERNAL;

-- The log: the same changes, in the order in which they were first seen committed.
CREATE TABLE carillon.change (
	position      bigint   PRIMARY KEY,
	tenant        text     NOT NULL,
	at            bigint   NOT NULL,
	interaction   smallint NOT NULL,
	resource_type text     NOT NULL,
	resource_id   text     NOT NULL,
	resource      bytea,
	previous      bytea,
	topics        text     NOT NULL,
	undecided     text     NOT NULL,
	events        bytea,
	method        text     NOT NULL,
	url           bytea    NOT NULL,
	result_status text     NOT NULL,
	subscription  bigint   NOT NULL,
	spec          bytea
) WITH (autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE carillon.change ALTER resource SET STORAGE EXTERNAL, ALTER previous SET STORAGE EXTERNAL;
CREATE INDEX change_at ON carillon.change (at);

-- One row: the position of the newest entry of the log, and the number of shards.
CREATE TABLE carillon.head (position bigint NOT NULL) WITH (fillfactor = 10);
INSERT INTO carillon.head VALUES (0);
CREATE TABLE carillon.shard (n integer NOT NULL);
INSERT INTO carillon.shard VALUES (1);

-- move gives positions to up to most changes that have come in, unless the log has as
-- many after the given position. Positions become visible in their order, because the
-- lock on head is held from before the first is given until after they are committed.
-- Each statement sees what was committed before it began (READ COMMITTED), so one that
-- comes after the lock sees all that was moved before.
CREATE FUNCTION carillon.move(after bigint, most bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	last bigint;
BEGIN
	IF NOT EXISTS (SELECT FROM carillon.incoming)
		OR (SELECT count(*) FROM (SELECT FROM carillon.change WHERE position > after LIMIT most) c) >= most THEN
		RETURN;
	END IF;
	SELECT position INTO STRICT last FROM carillon.head FOR UPDATE;
	WITH taken AS (
		DELETE FROM carillon.incoming
		WHERE ctid = ANY (ARRAY(SELECT ctid FROM carillon.incoming ORDER BY append, nth LIMIT most)) RETURNING *
	), moved AS (
		INSERT INTO carillon.change (position, tenant, at, interaction, resource_type, resource_id, resource, previous,
			topics, undecided, events, method, url, result_status, subscription, spec)
		SELECT last + row_number() OVER (ORDER BY append, nth), tenant, at, interaction, resource_type, resource_id, resource,
			previous, topics, undecided, events, method, url, result_status, subscription, spec
		FROM taken RETURNING position
	)
	UPDATE carillon.head SET position = (SELECT max(m.position) FROM moved m) WHERE EXISTS (SELECT FROM moved);
END
$$;

-- What a reader can see of a Subscription, which changes seldom.
CREATE TABLE carillon.subscription (
	key        bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	tenant     text    COLLATE "C" NOT NULL,
	id         text    COLLATE "C" NOT NULL,
	owner      text    NOT NULL,
	revision   bigint  NOT NULL,
	resource   bytea,
	updated_at bigint  NOT NULL,
	status     text    NOT NULL,
	error      text    NOT NULL,
	spec       bytea,
	sequenced  bytea,
	max_count  bigint  NOT NULL,
	UNIQUE (tenant, id)
);
-- For lists. An expression, lest a plan made for the empty table take it to look for
-- a tenant and an id.
CREATE INDEX subscription_tenant ON carillon.subscription ((tenant || ''), key);

-- What every event and delivery writes: narrow rows, so that little is rewritten. A row
-- is also the lock of its subscription: whoever writes anything of a subscription locks
-- this first, and whoever locks several locks them in the order of their keys.
CREATE TABLE carillon.delivery (
	subscription  bigint  PRIMARY KEY,
	tenant        text    COLLATE "C" NOT NULL,
	revision      bigint  NOT NULL, -- of the subscription: both halves were read at one time if they agree
	count         bigint  NOT NULL,
	cursor        bigint  NOT NULL,
	frozen        bigint  NOT NULL,
	sequenced_to  bigint  NOT NULL,
	attempt       bigint  NOT NULL,
	failing_since bigint  NOT NULL,
	sent_at       bigint  NOT NULL,
	due           bigint,
	claim         bigint  NOT NULL, -- token of the newest claim
	until         bigint,           -- NULL: not claimed, or found to have run out
	eager         boolean NOT NULL,
	announce      boolean NOT NULL,
	node          text              -- whose claim it is; NULL: it was ended
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
	autovacuum_vacuum_cost_delay = 0);
CREATE INDEX delivery_due ON carillon.delivery (due) WHERE until IS NULL AND due IS NOT NULL;
CREATE INDEX delivery_tenant_due ON carillon.delivery (tenant, due) WHERE until IS NULL AND due IS NOT NULL;
CREATE INDEX delivery_until ON carillon.delivery (until) WHERE until IS NOT NULL;

CREATE TABLE carillon.event (
	subscription bigint  NOT NULL,
	number       bigint  NOT NULL,
	position     bigint  NOT NULL,
	redacted     boolean NOT NULL,
	PRIMARY KEY (subscription, number)
) WITH (autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX event_position ON carillon.event (position);

CREATE TABLE carillon.lease (
	name   text   PRIMARY KEY,
	node   text, -- NULL: released
	token  bigint GENERATED ALWAYS AS IDENTITY, -- above all before, of whatever name
	until  bigint NOT NULL,
	cursor bigint NOT NULL
);
