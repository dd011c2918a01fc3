-- A change is written once. Until it gets its position in the log, it has a place in the
-- queue instead: a position below zero, in the order of the statements that appended, and
-- within one of its changes. Whoever asks for positions above zero sees no place.
--
-- A transaction has its number before it has a place: see number.
CREATE FUNCTION carillon.place() RETURNS bigint LANGUAGE sql VOLATILE AS $$
	SELECT '-9223372036854775808'::bigint + 1048576 * nextval(
		CASE WHEN pg_current_xact_id() IS NOT NULL THEN 'carillon.append'::regclass END)
$$;

DROP INDEX carillon.change_at;
CREATE INDEX change_at ON carillon.change (at) WHERE position > 0;

-- Nodes of the release before prune what is old and up to their cursors, and know nothing
-- of places.
CREATE FUNCTION carillon.keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER keep BEFORE DELETE ON carillon.change FOR EACH ROW WHEN (OLD.position < 0) EXECUTE FUNCTION carillon.keep();

-- number gives positions to up to most changes that wait with places above beyond, unless
-- the log has as many after the given position. It returns where the log ended before, and
-- the places that they had, in the order of their new positions. Positions become visible
-- in their order, because the lock on head is held from before the first is given until
-- after they are committed. Each statement sees what was committed before it began (READ
-- COMMITTED), so one that comes after the lock sees all that was numbered before.
--
-- What was numbered leaves dead entries in the index until the next vacuum, and to pass
-- over them would cost more than all else. Hence handed, newest and oldest: whoever has
-- one of the first handed places is a transaction before newest, and those before oldest
-- have ended. So once a later call that was not cut short by most returns an oldest that is
-- not below this newest, nothing waits at those places any more, nor ever will. None of
-- them is given again after a crash, since the commit of this survives it.
--
-- Nodes of the release before still write into incoming.
CREATE FUNCTION carillon.number(after bigint, most bigint, beyond bigint, OUT last bigint, OUT places bigint[],
	OUT handed bigint, OUT newest bigint, OUT oldest bigint) LANGUAGE plpgsql
	SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off AS $$
DECLARE
	old boolean := EXISTS (SELECT FROM carillon.incoming);
BEGIN
	SELECT h.position INTO STRICT last FROM carillon.head h;
	IF last - after >= most
		AND (SELECT count(*) FROM (SELECT FROM carillon.change c WHERE c.position > after AND c.position > 0 LIMIT most) c) >= most THEN
		RETURN;
	END IF;
	-- What is taken from there may have any place, also one that is not looked at any more:
	-- hence it is taken only by who goes on to number it, and not if enough is numbered.
	IF old THEN
		beyond := '-9223372036854775808';
		WITH taken AS (
			DELETE FROM carillon.incoming
			WHERE ctid = ANY (ARRAY(SELECT ctid FROM carillon.incoming ORDER BY append, nth LIMIT most)) RETURNING *
		)
		INSERT INTO carillon.change (position, tenant, at, interaction, resource_type, resource_id, resource, previous,
			topics, undecided, events, method, url, result_status, subscription, spec)
		SELECT '-9223372036854775808'::bigint + 1048576 * append + nth, tenant, at, interaction, resource_type, resource_id,
			resource, previous, topics, undecided, events, method, url, result_status, subscription, spec
		FROM taken;
	END IF;
	IF NOT EXISTS (SELECT FROM carillon.change c WHERE c.position > beyond AND c.position < 0) THEN
		SELECT h.position INTO STRICT last FROM carillon.head h; -- another may have numbered meanwhile what waited
		RETURN;
	END IF;
	IF NOT old THEN -- before this transaction has its own number
		SELECT a.last_value INTO STRICT handed FROM carillon.append a;
	END IF;
	SELECT h.position INTO STRICT last FROM carillon.head h FOR UPDATE;
	newest := pg_current_xact_id()::text::bigint;
	oldest := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
	WITH waiting AS MATERIALIZED (
		SELECT w.place, w.at, last + row_number() OVER (ORDER BY w.place) AS given FROM (
			SELECT c.position AS place, c.ctid AS at FROM carillon.change c WHERE c.position > beyond AND c.position < 0
			ORDER BY c.position LIMIT most) w
	), numbered AS (
		UPDATE carillon.change c SET position = w.given FROM waiting w WHERE c.ctid = w.at RETURNING w.place, w.given
	)
	SELECT array_agg(n.place ORDER BY n.given) INTO places FROM numbered n;
	UPDATE carillon.head SET position = last + cardinality(places) WHERE places IS NOT NULL;
END
$$;

CREATE OR REPLACE FUNCTION carillon.move(after bigint, most bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM carillon.number(after, most, '-9223372036854775808');
END
$$;

-- Half of each page is free, so that an event for every subscription finds room for every
-- row beside the one that it replaces: then no index has to be written.
ALTER TABLE carillon.delivery SET (fillfactor = 45);
