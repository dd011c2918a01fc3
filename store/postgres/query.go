package postgres

import (
	"strconv"
	"strings"

	"github.com/carillon-fhir/carillon/subscription"
)

// query is one of the statements.
type query int

const (
	insertChanges query = iota
	appendChanges
	insertValues
	numberChanges
	selectChanges
	selectSome

	selectShards
	holdShards
	putLease
	lockLease
	moveLease
	releaseLeases
	releaseClaims

	insertSubscription
	insertDelivery
	lockSubscription
	updateSubscription
	updateDelivery
	updateOutcome
	selectSubscription
	selectAll
	selectOfTenant
	deleteSubscription
	deleteDelivery
	deleteEvents

	lockDeliveries
	byIndex
	notDurable
	countEvents
	insertEvents
	putInForce
	selectEvents

	endClaims
	claimDue
	takeTurns
	claimInTurn
	selectRest
	finishUnchanged
	lockClaimed
	selectByKey
	finishDelivery
	hastenDeliveries

	countOwned
	selectPositions
	advanceDeliveries
	putToken
	takeToken
	countTokens

	lookUp
	pruneEvents
	pruneChanges
	pruneTokens
	measureChanges
	measureEvents
	selectSequenced

	lockShards
	lockLeases
	lockTable
	passDeliveries
	deleteLeases
	insertLease
	updateShards

	queries // how many there are
)

const (
	changeRow = `tenant, at, interaction, resource_type, resource_id, resource, previous, topics, undecided, events,
		method, url, result_status, subscription, spec`

	changeColumns = `c.position, c.tenant, c.at, c.interaction, c.resource_type, c.resource_id, c.resource,
		c.previous, c.topics, c.undecided, c.events, c.method, c.url, c.result_status, c.subscription, c.spec`

	recordColumns = `s.key, s.tenant, s.id, s.owner, s.revision, s.resource, s.updated_at, s.status, s.error, s.spec,
		s.sequenced, s.max_count, d.sequenced_to, d.count, d.cursor, d.frozen, d.attempt, d.failing_since, d.sent_at,
		d.due, d.eager, d.announce`

	insertRows = `INSERT INTO carillon.change (position, ` + changeRow + `)
		SELECT (SELECT carillon.place()) + nth - 1, ` + changeRow + ` FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::text[],
			$6::bytea[], $7::bytea[], $8::text[], $9::text[], $10::bytea[], $11::text[], $12::bytea[], $13::text[],
			$14::bigint[], $15::bytea[]) WITH ORDINALITY AS c (` + changeRow + `, nth)`

	someChanges = `SELECT ` + changeColumns + ` FROM (
			SELECT c.*, sum(` + size + `) OVER (ORDER BY c.position ROWS UNBOUNDED PRECEDING) - ` + size + ` AS before
			FROM carillon.change c WHERE `

	// size is what a change takes of the bytes that a read may return.
	size = `(coalesce(octet_length(c.resource), 0) + coalesce(octet_length(c.previous), 0))`

	records = ` FROM carillon.subscription s JOIN carillon.delivery d ON d.subscription = s.key `

	// claim takes those that candidate returns, whose rows it has locked, and freezes
	// their batches, as Record.Freeze says. The other halves of their records were read
	// when the statement began: if a subscription was written since, their revisions
	// differ. The keys go through an array, as anywhere here: whatever the planner
	// believes of their number, it then looks them up and reads no table as a whole.
	//
	// Nobody misses a claim that a crash of the server takes away, unless a batch was frozen
	// with it that may be another one the next time: then the commit waits for the disk, as
	// far as it would have done before notDurable. A claim that is gone is given again, and
	// must not have the token that the lost one had: hence the server's clock.
	claim = `UPDATE carillon.delivery d SET node = $1::text, until = $3::bigint,
		claim = greatest(d.claim + 1, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint),
		frozen = CASE WHEN s.status = 'active' AND d.count > d.cursor AND d.frozen = 0
			THEN d.cursor + least(d.count - d.cursor, greatest(s.max_count, 1)) ELSE d.frozen END
		FROM carillon.subscription s
		WHERE d.subscription = ANY (ARRAY(SELECT subscription FROM candidate))
		AND s.key = d.subscription AND s.revision = d.revision RETURNING CASE WHEN s.max_count > 1 AND d.frozen > d.cursor
			THEN set_config('synchronous_commit', current_setting('carillon_claim.synchronous_commit'), true) END IS NOT NULL, `

	byIndexText = `SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
		set_config('enable_mergejoin', 'off', true), set_config('jit', 'off', true)`

	finish = `SET cursor = greatest(d.cursor, o.cursor),
		frozen = CASE WHEN o.frozen > greatest(d.cursor, o.cursor) THEN o.frozen ELSE 0 END, attempt = o.attempt,
		failing_since = o.failing_since, sent_at = o.sent_at,
		due = CASE WHEN o.eager AND d.count > greatest(d.cursor, o.cursor) THEN o.at ELSE o.due END,
		eager = o.eager, announce = o.announce, node = NULL, until = NULL`
)

// readBytes is how many bytes of resources may come before the last change of a read.
var (
	readBytes     = strconv.Itoa(subscription.ReadBytes)
	upToReadBytes = `) c WHERE c.before <= ` + readBytes + ` ORDER BY c.position`
)

// texts are the queries, for the schema carillon. All parameters are cast, so that
// they need not be prepared: a pooler may give each transaction another connection.
var texts = [queries]string{
	selectSequenced: `SELECT s.key, s.tenant, s.id, d.count, s.sequenced, d.sequenced_to` + records + `
		WHERE s.key > $1::bigint ORDER BY s.key LIMIT $2::bigint`,

	insertChanges: insertRows,
	appendChanges: `WITH place AS MATERIALIZED (SELECT carillon.place() AS first), inserted AS (` +
		strings.Replace(insertRows, "SELECT carillon.place()", "SELECT first FROM place", 1) + `) SELECT first FROM place`,
	insertValues: `INSERT INTO carillon.change (position, ` + changeRow + `)
		SELECT (SELECT carillon.place()) + nth, ` + changeRow + ` FROM (VALUES`,
	numberChanges: `SELECT last, places, handed, newest, oldest FROM carillon.number($1::bigint, $2::bigint, $3::bigint)`,
	selectChanges: someChanges + `c.position > $1::bigint ORDER BY c.position LIMIT $2::bigint` + upToReadBytes,
	selectSome:    someChanges + `c.position = ANY ($1::bigint[])` + upToReadBytes,

	selectShards: `SELECT n FROM carillon.shard`,
	holdShards:   `SELECT n FROM carillon.shard FOR SHARE`,
	putLease: `INSERT INTO carillon.lease AS l (name, node, until, cursor) VALUES ($1::text, $2::text, $4::bigint, 0)
		ON CONFLICT (name) DO UPDATE SET node = excluded.node, token = DEFAULT, until = excluded.until
		WHERE l.node IS NULL OR l.node = excluded.node OR l.until <= $3::bigint RETURNING token, cursor`,
	lockLease: `SELECT 1 FROM carillon.lease WHERE name = $1::text AND token = $2::bigint AND cursor = $3::bigint
		AND node IS NOT NULL FOR UPDATE`,
	moveLease: `UPDATE carillon.lease SET cursor = $4::bigint WHERE name = $1::text AND token = $2::bigint
		AND cursor = $3::bigint AND node IS NOT NULL`,
	releaseLeases: `UPDATE carillon.lease SET node = NULL WHERE name IN (
		SELECT name FROM carillon.lease WHERE node = $1::text ORDER BY name FOR UPDATE)`,
	releaseClaims: `UPDATE carillon.delivery SET node = NULL, until = NULL WHERE subscription = ANY (ARRAY(
		SELECT subscription FROM carillon.delivery WHERE node = $1::text ORDER BY subscription FOR UPDATE))`,

	insertSubscription: `INSERT INTO carillon.subscription (tenant, id, revision, resource, updated_at, status, error,
		spec, max_count, owner) VALUES ($1::text, $2::text, 1, $3::bytea, $4::bigint, $5::text, $6::text, $7::bytea,
		$8::bigint, $9::text)
		ON CONFLICT (tenant, id) DO NOTHING RETURNING key`,
	insertDelivery: `INSERT INTO carillon.delivery (subscription, tenant, attempt, failing_since, due, eager, announce,
		sent_at, revision, count, cursor, frozen, sequenced_to, claim) VALUES ($1::bigint, $2::text, $3::bigint,
		$4::bigint, $5::bigint, $6::boolean, $7::boolean, $8::bigint, 1, 0, 0, 0, 0, 0)`,
	lockSubscription: `SELECT subscription FROM carillon.delivery WHERE subscription = (
		SELECT key FROM carillon.subscription WHERE tenant = $1::text AND id = $2::text) FOR UPDATE`,
	updateSubscription: `UPDATE carillon.subscription SET revision = $2::bigint, resource = $3::bytea,
		updated_at = $4::bigint, status = $5::text, error = $6::text, spec = $7::bytea, max_count = $8::bigint,
		owner = $9::text WHERE key = $1::bigint`,
	// $8: the batch of one event that may have been sent is not to be another one. Its claim
	// may have gone with a server that has crashed.
	updateDelivery: `UPDATE carillon.delivery SET revision = $2::bigint, attempt = $3::bigint, failing_since = $4::bigint,
		due = $5::bigint, eager = $6::boolean, announce = $7::boolean, node = NULL, until = NULL,
		frozen = CASE WHEN $8::boolean AND frozen = 0 AND count > cursor THEN cursor + 1 ELSE frozen END
		WHERE subscription = $1::bigint`,
	updateOutcome: `UPDATE carillon.subscription SET revision = $2::bigint, updated_at = $3::bigint, status = $4::text,
		error = $5::text, spec = $6::bytea WHERE key = $1::bigint`,
	selectSubscription: `SELECT ` + recordColumns + records + `WHERE s.tenant = $1::text AND s.id = $2::text`,
	selectAll:          `SELECT ` + recordColumns + records + `WHERE s.key > $1::bigint ORDER BY s.key LIMIT $2::bigint`,
	selectOfTenant: `SELECT ` + recordColumns + records + `WHERE s.tenant || '' = $1::text AND s.key > $2::bigint
		ORDER BY s.key LIMIT $3::bigint`,
	deleteSubscription: `DELETE FROM carillon.subscription WHERE key = $1::bigint`,
	deleteDelivery:     `DELETE FROM carillon.delivery WHERE subscription = $1::bigint`,
	deleteEvents:       `DELETE FROM carillon.event WHERE subscription = $1::bigint`,

	lockDeliveries: `SELECT subscription FROM carillon.delivery WHERE subscription = ANY ($1::bigint[]) ORDER BY subscription FOR UPDATE`,

	// What comes after it in the transaction looks rows up one by one. Plans are kept, and
	// those that are made while the tables are small, or seem so, read them as a whole.
	// Rows are then also written in the order in which their keys are given, and so need
	// not be locked in that order first.
	byIndex: byIndexText,
	countEvents: `UPDATE carillon.delivery d SET count = r.last,
		due = CASE WHEN d.eager AND (d.due IS NULL OR d.due > $4::bigint) THEN $4::bigint ELSE d.due END
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS r (key, first, last)
		WHERE d.subscription = r.key AND d.count < r.first`,
	// notDurable is byIndex for a transaction whose commit need not wait for the disk.
	notDurable: byIndexText + `, set_config('carillon_claim.synchronous_commit', current_setting('synchronous_commit'), true),
		set_config('synchronous_commit', 'off', true)`,
	insertEvents: `INSERT INTO carillon.event (subscription, number, position, redacted)
		SELECT e.* FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::boolean[]) AS e (key, number, position, redacted)
		WHERE e.position = ANY (ARRAY(SELECT position FROM carillon.change WHERE position = ANY ($5::bigint[])))`,
	putInForce: `UPDATE carillon.subscription s SET sequenced = r.spec
		FROM unnest($1::bigint[], $2::bytea[]) AS r (key, spec) WHERE s.key = r.key`,
	selectEvents: `SELECT q.nth, c.number, c.redacted, ` + changeColumns + `
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) WITH ORDINALITY AS q (key, first, last, most, nth)
		CROSS JOIN LATERAL (
			SELECT e.number, e.redacted, c.*,
				sum(` + size + `) OVER (ORDER BY e.number ROWS UNBOUNDED PRECEDING) - ` + size + ` AS before
			FROM (SELECT number, redacted, position FROM carillon.event
				WHERE subscription = q.key AND number BETWEEN q.first AND q.last ORDER BY number LIMIT q.most) e
			JOIN carillon.change c ON c.position = e.position) c
		WHERE c.before <= ` + readBytes,

	// A claim that has run out keeps its node and token: it can still be finished until
	// the subscription is claimed again.
	endClaims: `UPDATE carillon.delivery SET until = NULL WHERE subscription = ANY (ARRAY(
		SELECT subscription FROM carillon.delivery WHERE until <= $1::bigint FOR UPDATE SKIP LOCKED))`,
	claimDue: `WITH candidate AS MATERIALIZED (
			SELECT subscription FROM carillon.delivery
			WHERE until IS NULL AND due <= $2::bigint AND (
				(SELECT tenant FROM carillon.delivery WHERE until IS NULL AND due IS NOT NULL ORDER BY tenant LIMIT 1)
				= (SELECT tenant FROM carillon.delivery WHERE until IS NULL AND due IS NOT NULL ORDER BY tenant DESC LIMIT 1)
				OR (SELECT count(*) FROM (SELECT FROM carillon.delivery
				WHERE until IS NULL AND due <= $2::bigint ORDER BY due LIMIT $4::bigint + 1) d) <= $4::bigint)
			ORDER BY due LIMIT $4::bigint FOR UPDATE SKIP LOCKED)
		` + claim + `d.due, d.claim, ` + recordColumns,

	// One node at a time looks whose turn it is; others would pick the same.
	takeTurns: `SELECT 1 FROM (SELECT pg_advisory_xact_lock(1130459753, tableoid::integer) FROM carillon.head) t`,

	// The tenants are found by steps from one to the next in an index. If w of them
	// wait, nobody's place is higher than limit - w + 1: all the others' first come
	// before its second.
	claimInTurn: `WITH RECURSIVE tenant (name, due) AS (
			(SELECT tenant, due FROM carillon.delivery WHERE until IS NULL AND due IS NOT NULL ORDER BY tenant, due LIMIT 1)
			UNION ALL
			SELECT n.tenant, n.due FROM tenant t CROSS JOIN LATERAL (
				SELECT d.tenant, d.due FROM carillon.delivery d WHERE d.until IS NULL AND d.due IS NOT NULL
				AND d.tenant > t.name ORDER BY d.tenant, d.due LIMIT 1) n
		), waiting AS MATERIALIZED (SELECT name FROM tenant WHERE due <= $2::bigint),
		picked AS MATERIALIZED (
			SELECT ARRAY(
				SELECT p.subscription FROM waiting w CROSS JOIN LATERAL (
					SELECT f.subscription, f.due, row_number() OVER (ORDER BY f.due) AS place FROM (
						SELECT d.subscription, d.due FROM carillon.delivery d WHERE d.until IS NULL AND d.due IS NOT NULL
						AND (d.tenant, d.due) > (w.name, -9223372036854775808) AND (d.tenant, d.due) <= (w.name, $2::bigint)
						ORDER BY d.tenant, d.due LIMIT greatest($4::bigint - (SELECT count(*) FROM waiting) + 1, 1)) f) p
				ORDER BY p.place, p.due LIMIT $4::bigint) AS keys
		), candidate AS MATERIALIZED (
			SELECT d.subscription FROM carillon.delivery d WHERE d.subscription = ANY ((SELECT keys FROM picked)::bigint[])
			AND d.until IS NULL AND d.due <= $2::bigint FOR UPDATE OF d SKIP LOCKED)
		` + claim + `array_position((SELECT keys FROM picked), d.subscription)::bigint, d.claim, ` + recordColumns,
	selectRest: `SELECT (SELECT min(due) FROM carillon.delivery WHERE until IS NULL AND due <= $1::bigint) IS NOT NULL, least(
		(SELECT min(due) FROM carillon.delivery WHERE until IS NULL AND due > $1::bigint),
		(SELECT min(until) FROM carillon.delivery WHERE until > $1::bigint))`,

	finishUnchanged: `UPDATE carillon.delivery d ` + finish + `
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
			$8::bigint[], $9::bigint[], $10::boolean[], $11::boolean[]) WITH ORDINALITY AS o (key, token, at, cursor, frozen,
			attempt, failing_since, sent_at, due, eager, announce, nth)
		WHERE d.subscription = o.key AND d.claim = o.token AND d.node IS NOT NULL RETURNING o.nth`,
	lockClaimed: `SELECT 1 FROM carillon.delivery WHERE subscription = $1::bigint AND claim = $2::bigint
		AND node IS NOT NULL FOR UPDATE`,
	selectByKey: `SELECT tenant, revision, updated_at, status, error, spec FROM carillon.subscription WHERE key = $1::bigint`,
	finishDelivery: `UPDATE carillon.delivery d ` + finish + `, revision = s.revision
		FROM carillon.subscription s, (SELECT $2::bigint AS at, $3::bigint AS cursor, $4::bigint AS frozen,
			$5::bigint AS attempt, $6::bigint AS failing_since, $7::bigint AS sent_at, $8::bigint AS due,
			$9::boolean AS eager, $10::boolean AS announce) o
		WHERE d.subscription = $1::bigint AND s.key = d.subscription`,

	hastenDeliveries: `UPDATE carillon.delivery SET due = $2::bigint WHERE subscription = ANY (ARRAY(
		SELECT subscription FROM carillon.delivery WHERE subscription = ANY ($1::bigint[]) AND due > $2::bigint
		ORDER BY subscription FOR UPDATE))`,

	countOwned: `SELECT count(*) FROM (SELECT FROM carillon.subscription WHERE tenant || '' = $1::text AND owner = $2::text
		ORDER BY key LIMIT $3::bigint) s`,
	selectPositions: `SELECT s.key, s.revision, s.status, d.count, d.cursor ` + records + `
		WHERE s.key = ANY ($1::bigint[]) ORDER BY s.key`,
	advanceDeliveries: `WITH progress AS MATERIALIZED (
			SELECT p.* FROM (SELECT key, max(cursor) AS cursor, max(at) AS at
				FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS p (key, cursor, at) GROUP BY key) p
			JOIN carillon.delivery d ON d.subscription = p.key
			WHERE d.cursor < least(p.cursor, d.count) OR d.sent_at < p.at ORDER BY d.subscription FOR UPDATE OF d)
		UPDATE carillon.delivery d SET cursor = greatest(d.cursor, least(p.cursor, d.count)),
			frozen = CASE WHEN d.frozen > greatest(d.cursor, least(p.cursor, d.count)) THEN d.frozen ELSE 0 END,
			sent_at = greatest(d.sent_at, p.at)
		FROM progress p WHERE d.subscription = p.key`,
	putToken: `INSERT INTO carillon.token (tenant, hash, owner, data, until)
		VALUES ($1::text, $2::text, $3::text, $4::bytea, $5::bigint)
		ON CONFLICT (tenant, hash) DO UPDATE SET owner = excluded.owner, data = excluded.data, until = excluded.until`,
	takeToken: `DELETE FROM carillon.token WHERE tenant = $1::text AND hash = $2::text AND until > $3::bigint
		RETURNING owner, data, until`,
	countTokens: `SELECT count(*) FROM (
		SELECT FROM carillon.token WHERE tenant = $1::text AND owner = $2::text AND until > $3::bigint LIMIT $4::bigint) unused`,

	// From what is oldest to its events, one by one: a limit that is not known when the
	// plan is made looks like a tenth of the table.
	lookUp: `SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
		set_config('enable_sort', 'off', true), set_config('enable_seqscan', 'off', true)`,
	pruneEvents: `DELETE FROM carillon.event WHERE ctid = ANY (ARRAY(
		SELECT e.ctid FROM carillon.change c
		JOIN carillon.event e ON e.position = c.position
		JOIN carillon.delivery d ON d.subscription = e.subscription
		WHERE c.position > 0 AND c.at < $1::bigint AND e.number <= d.cursor ORDER BY c.at LIMIT $2::bigint FOR UPDATE OF e SKIP LOCKED))`,
	pruneChanges: `DELETE FROM carillon.change WHERE position = ANY (ARRAY(
		SELECT c.position FROM carillon.change c
		WHERE c.position > 0 AND c.at < $1::bigint AND c.position <= (SELECT min(cursor) FROM carillon.lease)
		AND NOT EXISTS (SELECT FROM carillon.event e WHERE e.position = c.position)
		ORDER BY c.at LIMIT $2::bigint FOR UPDATE OF c SKIP LOCKED))`,
	pruneTokens: `DELETE FROM carillon.token WHERE ctid = ANY (ARRAY(
		SELECT ctid FROM carillon.token WHERE until <= $1::bigint ORDER BY until LIMIT $2::bigint FOR UPDATE SKIP LOCKED))`,

	measureChanges: `SELECT count(*), min(at) FROM (
		SELECT at FROM carillon.change WHERE position > coalesce((SELECT min(cursor) FROM carillon.lease), 0)
		UNION ALL SELECT at FROM carillon.change WHERE position < 0
		UNION ALL SELECT at FROM carillon.incoming) waiting WHERE at <> $1::bigint`,
	measureEvents: `SELECT coalesce(sum(d.count - d.cursor), 0)::bigint, min(c.at) FROM carillon.delivery d
		JOIN carillon.subscription s ON s.key = d.subscription
		LEFT JOIN carillon.event e ON e.subscription = d.subscription AND e.number = d.cursor + 1
		LEFT JOIN carillon.change c ON c.position = e.position
		WHERE d.count > d.cursor AND s.status IN ('requested', 'active')`,

	lockShards: `SELECT n FROM carillon.shard FOR UPDATE`,
	lockLeases: `SELECT name, cursor FROM carillon.lease ORDER BY name FOR UPDATE`,
	lockTable:  `LOCK TABLE carillon.delivery IN EXCLUSIVE MODE`,
	passDeliveries: `UPDATE carillon.delivery SET sequenced_to =
		greatest(sequenced_to, ($1::bigint[])[1 + subscription % cardinality($1::bigint[])])`,
	deleteLeases: `DELETE FROM carillon.lease WHERE name = ANY ($1::text[])`,
	insertLease:  `INSERT INTO carillon.lease (name, until, cursor) VALUES ($1::text, 0, $2::bigint)`,
	updateShards: `UPDATE carillon.shard SET n = $1::bigint`,
}
