package sqlite

import "strings"

// query is one of the statements that are prepared.
type query int

const (
	lockDatabase query = iota
	beginHost
	undoHost
	endHost

	insertChange
	selectLogged
	selectChanges

	selectLease
	putLease
	moveLease
	releaseLeases
	releaseClaims

	insertSubscription
	insertDelivery
	updateSubscription
	updateDelivery
	updateOutcome
	selectSubscription
	selectByKey
	selectAll
	selectOfTenant
	deleteSubscription
	deleteDelivery
	deleteEvents

	selectPosition
	selectCount
	insertEvent
	insertSomeEvents
	insertManyEvents
	countEvents
	putInForce
	selectEvents

	hastenDelivery
	endClaims
	selectHalves
	selectDue
	selectTurns
	selectTenants
	claimDelivery
	selectNext
	selectClaimed
	finishDelivery
	finishUnchanged

	countOwned
	selectPositions
	advanceDeliveries
	putToken
	selectToken
	countTokens
	deleteToken

	pruneEvents
	pruneChanges
	pruneTokens
	measureChanges
	measureEvents
	selectSequenced

	queries // how many there are
)

const (
	changeColumns = `c.position, c.tenant, c.at, c.interaction, c.resource_type, c.resource_id, c.resource,
		c.previous, c.topics, c.undecided, c.events, c.method, c.url, c.result_status, c.subscription, c.spec`

	halfColumns = `s.key, s.tenant, s.id, s.owner, s.revision, s.resource, s.updated_at, s.status, s.error, s.spec,
		s.sequenced, s.max_count`
	deliveryColumns = `d.count, d.cursor, d.frozen, d.attempt, d.failing_since, d.sent_at, d.due, d.eager, d.announce`
	recordColumns   = halfColumns + `, ` + deliveryColumns

	records = ` FROM carillon_subscription s JOIN carillon_delivery d ON d.subscription = s.key `

	finish = `UPDATE carillon_delivery SET cursor = max(cursor, ?2),
		frozen = CASE WHEN ?3 > max(cursor, ?2) THEN ?3 ELSE 0 END, attempt = ?4, failing_since = ?5, sent_at = ?6,
		due = CASE WHEN ?8 AND count > max(cursor, ?2) THEN ?10 ELSE ?7 END, eager = ?8, announce = ?9, node = NULL, until = NULL`

	insertIntoChange = `INSERT INTO carillon_change (tenant, at, interaction, resource_type, resource_id, resource,
		previous, topics, undecided, events, method, url, result_status, subscription, spec) VALUES `
	insertIntoEvent = `INSERT INTO carillon_event (subscription, number, position, redacted) VALUES `
	eventValues     = `(?, ?, ?, ?)`
	changeValues    = `(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
)

// texts are the queries. A limit is written as "? + 0", since SQLite plans a statement
// anew each time a parameter that is itself a LIMIT is bound, which costs more than
// most of these queries.
var texts = [queries]string{
	selectSequenced: `SELECT s.key, s.tenant, s.id, d.count, s.sequenced` + records + `WHERE s.key > ? ORDER BY s.key LIMIT ? + 0`,

	lockDatabase: `UPDATE carillon_schema SET version = version WHERE false`,
	beginHost:    `SAVEPOINT carillon_host`,
	undoHost:     `ROLLBACK TO carillon_host`,
	endHost:      `RELEASE carillon_host`,

	insertChange:  insertIntoChange + changeValues,
	selectLogged:  `SELECT position FROM carillon_change WHERE position > ? ORDER BY position LIMIT ? + 0`,
	selectChanges: `SELECT ` + changeColumns + ` FROM carillon_change c WHERE c.position > ? ORDER BY c.position LIMIT ? + 0`,

	selectLease: `SELECT node, token, until, cursor FROM carillon_lease WHERE name = ?`,
	putLease: `INSERT INTO carillon_lease (name, node, token, until, cursor) VALUES (?, ?, ?, ?, 0)
		ON CONFLICT (name) DO UPDATE SET node = excluded.node, token = excluded.token, until = excluded.until`,
	moveLease:     `UPDATE carillon_lease SET cursor = ? WHERE name = ?`,
	releaseLeases: `UPDATE carillon_lease SET node = NULL WHERE node = ?`,
	releaseClaims: `UPDATE carillon_delivery SET node = NULL, until = NULL WHERE node = ?`,

	insertSubscription: `INSERT INTO carillon_subscription
		(tenant, id, owner, revision, resource, updated_at, status, error, spec, max_count)
		VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?)`,
	insertDelivery: `INSERT INTO carillon_delivery (subscription, tenant, attempt, failing_since, due, eager,
		announce, count, cursor, frozen, sent_at, claim) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0, ?, 0)`,
	updateSubscription: `UPDATE carillon_subscription SET revision = ?, owner = ?, resource = ?, updated_at = ?, status = ?,
		error = ?, spec = ?, max_count = ? WHERE key = ?`,
	updateDelivery: `UPDATE carillon_delivery SET attempt = ?, failing_since = ?, due = ?, eager = ?, announce = ?,
		node = NULL, until = NULL WHERE subscription = ?`,
	updateOutcome: `UPDATE carillon_subscription SET revision = ?, updated_at = ?, status = ?, error = ?, spec = ?
		WHERE key = ?`,
	selectSubscription: `SELECT ` + recordColumns + records + `WHERE s.tenant = ? AND s.id = ?`,
	selectAll:          `SELECT ` + recordColumns + records + `WHERE s.key > ? ORDER BY s.key LIMIT ? + 0`,
	selectOfTenant:     `SELECT ` + recordColumns + records + `WHERE s.tenant = ? AND s.key > ? ORDER BY s.key LIMIT ? + 0`,
	deleteSubscription: `DELETE FROM carillon_subscription WHERE key = ?`,
	deleteDelivery:     `DELETE FROM carillon_delivery WHERE subscription = ?`,
	deleteEvents:       `DELETE FROM carillon_event WHERE subscription = ?`,
	selectByKey:        `SELECT s.tenant, s.revision, s.updated_at, s.status, s.error, s.spec` + records + `WHERE s.key = ? AND d.claim = ? AND d.node IS NOT NULL`,

	selectPosition:   `SELECT position FROM carillon_change WHERE position = ?`,
	selectCount:      `SELECT count FROM carillon_delivery WHERE subscription = ?`,
	insertEvent:      insertIntoEvent + eventValues,
	insertSomeEvents: insertIntoEvent + eventValues + strings.Repeat(", "+eventValues, someEvents-1),
	insertManyEvents: insertIntoEvent + eventValues + strings.Repeat(", "+eventValues, manyEvents-1),
	countEvents: `UPDATE carillon_delivery SET count = ?1,
		due = CASE WHEN eager AND (due IS NULL OR due > ?2) THEN ?2 ELSE due END WHERE subscription = ?3 AND count < ?4`,
	putInForce: `UPDATE carillon_subscription SET sequenced = ? WHERE key = ?`,
	selectEvents: `SELECT e.number, e.redacted, ` + changeColumns + ` FROM carillon_event e
		CROSS JOIN carillon_change c ON c.position = e.position
		WHERE e.subscription = ? AND e.number BETWEEN ? AND ? ORDER BY e.number LIMIT ? + 0`,

	hastenDelivery: `UPDATE carillon_delivery SET due = ? WHERE subscription = ? AND due > ?`,
	endClaims:      `UPDATE carillon_delivery SET until = NULL WHERE until <= ?`,
	selectHalves:   `SELECT ` + halfColumns + ` FROM carillon_subscription s WHERE s.key IN (SELECT value FROM json_each(?))`,
	selectDue: `SELECT d.claim, d.subscription, ` + deliveryColumns + ` FROM carillon_delivery d
		WHERE d.until IS NULL AND d.due <= ? ORDER BY d.due LIMIT ? + 0`,
	// First the first of each tenant, found by skipping from tenant to tenant; then, for
	// each that is taken, the next of its tenant. The ORDER BY is of the queue of a
	// recursive query: it says who is taken next. What is due at the same time is told
	// apart in two steps, as SQLite uses no index for (due, subscription) > (?, ?).
	selectTurns: `WITH RECURSIVE tenants (tenant) AS (
		SELECT min(tenant) FROM carillon_delivery WHERE until IS NULL AND due IS NOT NULL
		UNION ALL
		SELECT (SELECT min(n.tenant) FROM carillon_delivery n
			WHERE n.until IS NULL AND n.due IS NOT NULL AND n.tenant > t.tenant)
		FROM tenants t WHERE t.tenant IS NOT NULL
	), turn (place, due, tenant, key) AS (
		SELECT 1, n.due, n.tenant, n.subscription FROM tenants t
		CROSS JOIN carillon_delivery n ON n.subscription =
			(SELECT f.subscription FROM carillon_delivery f WHERE f.until IS NULL AND f.tenant = t.tenant
			AND f.due <= ?1 ORDER BY f.due, f.subscription LIMIT 1)
		UNION ALL
		SELECT t.place + 1, n.due, n.tenant, n.subscription FROM turn t
		CROSS JOIN carillon_delivery n ON n.subscription = coalesce(
			(SELECT f.subscription FROM carillon_delivery f WHERE f.until IS NULL AND f.tenant = t.tenant
			AND f.due = t.due AND f.subscription > t.key ORDER BY f.subscription LIMIT 1),
			(SELECT f.subscription FROM carillon_delivery f WHERE f.until IS NULL AND f.tenant = t.tenant
			AND f.due > t.due AND f.due <= ?1 ORDER BY f.due, f.subscription LIMIT 1))
		ORDER BY 1, 2, 4 LIMIT ?2 + 0
	)
	SELECT d.claim, d.subscription, ` + deliveryColumns + ` FROM turn
		CROSS JOIN carillon_delivery d ON d.subscription = turn.key`,
	selectTenants: `SELECT (SELECT min(tenant) FROM carillon_delivery WHERE until IS NULL AND due IS NOT NULL)
		< (SELECT max(tenant) FROM carillon_delivery WHERE until IS NULL AND due IS NOT NULL)`,
	claimDelivery: `UPDATE carillon_delivery SET node = ?, claim = ?, until = ?, frozen = ? WHERE subscription = ?`,
	selectNext: `SELECT min(at) FROM (
		SELECT min(due) AS at FROM carillon_delivery WHERE until IS NULL AND due > ?1
		UNION ALL SELECT min(until) FROM carillon_delivery WHERE until > ?1)`,
	selectClaimed: `SELECT e.subscription, e.number, e.redacted, ` + changeColumns + ` FROM carillon_delivery d
		CROSS JOIN carillon_event e ON e.subscription = d.subscription AND e.number > d.cursor AND e.number <= d.frozen
		CROSS JOIN carillon_change c ON c.position = e.position
		WHERE d.until = ? AND d.node = ? LIMIT ? + 0`,
	finishDelivery:  finish + ` WHERE subscription = ?1`,
	finishUnchanged: finish + ` WHERE subscription = ?1 AND claim = ?11 AND node IS NOT NULL`,

	countOwned: `SELECT count(*) FROM (SELECT 1 FROM carillon_subscription WHERE tenant = ? AND owner = ? LIMIT ? + 0)`,
	selectPositions: `SELECT s.key, s.revision, s.status, d.count, d.cursor FROM carillon_subscription s
		CROSS JOIN carillon_delivery d ON d.subscription = s.key
		WHERE s.key IN (SELECT value FROM json_each(?)) ORDER BY s.key`,
	advanceDeliveries: `UPDATE carillon_delivery AS d SET cursor = max(d.cursor, min(p.cursor, d.count)),
		frozen = CASE WHEN d.frozen > max(d.cursor, min(p.cursor, d.count)) THEN d.frozen ELSE 0 END,
		sent_at = max(d.sent_at, p.at)
		FROM (SELECT value ->> 0 AS key, max(value ->> 1) AS cursor, max(value ->> 2) AS at FROM json_each(?) GROUP BY 1) p
		WHERE d.subscription = p.key AND (d.cursor < min(p.cursor, d.count) OR d.sent_at < p.at)`,
	putToken: `INSERT INTO carillon_token (tenant, hash, owner, data, until) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (tenant, hash) DO UPDATE SET owner = excluded.owner, data = excluded.data, until = excluded.until`,
	countTokens: `SELECT count(*) FROM (
		SELECT 1 FROM carillon_token WHERE tenant = ? AND owner = ? AND until > ? LIMIT ? + 0)`,
	selectToken: `SELECT owner, data, until FROM carillon_token WHERE tenant = ? AND hash = ? AND until > ?`,
	deleteToken: `DELETE FROM carillon_token WHERE tenant = ? AND hash = ?`,

	// CROSS JOIN keeps the order of the tables: from what is old to its events.
	pruneEvents: `DELETE FROM carillon_event WHERE (subscription, number) IN (
		SELECT e.subscription, e.number FROM carillon_change c
		CROSS JOIN carillon_event e ON e.position = c.position
		CROSS JOIN carillon_delivery d ON d.subscription = e.subscription
		WHERE c.at < ? AND e.number <= d.cursor LIMIT ? + 0)`,
	pruneChanges: `DELETE FROM carillon_change WHERE position IN (
		SELECT c.position FROM carillon_change c INDEXED BY carillon_change_at
		WHERE c.at < ? AND c.position <= (SELECT min(cursor) FROM carillon_lease)
		AND NOT EXISTS (SELECT 1 FROM carillon_event e WHERE e.position = c.position) LIMIT ? + 0)`,
	pruneTokens: `DELETE FROM carillon_token WHERE (tenant, hash) IN (
		SELECT tenant, hash FROM carillon_token WHERE until <= ? LIMIT ? + 0)`,

	// A write of a Subscription has no time; to look at its columns behind the resource
	// would be to read all of that.
	measureChanges: `SELECT count(*), min(at) FROM carillon_change
		WHERE position > coalesce((SELECT min(cursor) FROM carillon_lease), 0) AND at <> ?`,
	measureEvents: `SELECT coalesce(sum(d.count - d.cursor), 0), min(c.at) FROM carillon_delivery d
		CROSS JOIN carillon_subscription s ON s.key = d.subscription
		LEFT JOIN carillon_event e ON e.subscription = d.subscription AND e.number = d.cursor + 1
		LEFT JOIN carillon_change c ON c.position = e.position
		WHERE d.count > d.cursor AND s.status IN ('requested', 'active')`,
}
