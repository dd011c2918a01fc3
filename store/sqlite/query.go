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

	insertSubscription
	insertDelivery
	updateSubscription
	updateDelivery
	updateOutcome
	selectSubscription
	selectByKeys
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
	countEager
	putInForce
	selectEvents

	hastenDelivery
	selectDue
	lastToken
	reserveTokens
	freezeBatch
	selectBatches
	finishWith
	finishWithout

	countOwned
	selectPositions
	advanceDeliveries
	putToken
	takeToken
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

	recordColumns = `s.key, s.tenant, s.id, s.owner, s.revision, s.resource, s.updated_at, s.status, s.error, s.spec,
		s.sequenced, s.max_count, d.count, d.cursor, d.frozen, d.attempt, d.failing_since, d.sent_at, d.due, d.eager, d.announce`

	records = ` FROM carillon_subscription s JOIN carillon_delivery d ON d.subscription = s.key `

	finish = `UPDATE carillon_delivery SET cursor = max(cursor, ?2),
		frozen = CASE WHEN ?3 > max(cursor, ?2) THEN ?3 ELSE 0 END, attempt = ?4, failing_since = ?5, sent_at = ?6,
		due = ?7, eager = ?8, announce = ?9 WHERE subscription = ?1 AND `
	more = `(?8 AND count > max(cursor, ?2))` // there are events for which it is due at once

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

	insertSubscription: `INSERT INTO carillon_subscription
		(tenant, id, owner, revision, resource, updated_at, status, error, spec, max_count)
		VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?)`,
	insertDelivery: `INSERT INTO carillon_delivery (subscription, tenant, attempt, failing_since, due, eager,
		announce, count, cursor, frozen, sent_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0, ?)`,
	updateSubscription: `UPDATE carillon_subscription SET revision = ?, owner = ?, resource = ?, updated_at = ?, status = ?,
		error = ?, spec = ?, max_count = ? WHERE key = ?`,
	updateDelivery: `UPDATE carillon_delivery SET attempt = ?, failing_since = ?, due = ?, eager = ?, announce = ?,
		frozen = ? WHERE subscription = ?`,
	updateOutcome: `UPDATE carillon_subscription SET revision = ?, updated_at = ?, status = ?, error = ?, spec = ?
		WHERE key = ?`,
	selectSubscription: `SELECT ` + recordColumns + records + `WHERE s.tenant = ? AND s.id = ?`,
	selectAll:          `SELECT ` + recordColumns + records + `WHERE s.key > ? ORDER BY s.key LIMIT ? + 0`,
	selectOfTenant:     `SELECT ` + recordColumns + records + `WHERE s.tenant = ? AND s.key > ? ORDER BY s.key LIMIT ? + 0`,
	deleteSubscription: `DELETE FROM carillon_subscription WHERE key = ?`,
	deleteDelivery:     `DELETE FROM carillon_delivery WHERE subscription = ?`,
	deleteEvents:       `DELETE FROM carillon_event WHERE subscription = ?`,
	selectByKeys: `SELECT ` + recordColumns + ` FROM json_each(?) k
		CROSS JOIN carillon_subscription s ON s.key = k.value CROSS JOIN carillon_delivery d ON d.subscription = k.value`,

	selectPosition:   `SELECT position, tenant FROM carillon_change WHERE position = ?`,
	selectCount:      `SELECT count FROM carillon_delivery WHERE subscription = ?`,
	insertEvent:      insertIntoEvent + eventValues,
	insertSomeEvents: insertIntoEvent + eventValues + strings.Repeat(", "+eventValues, someEvents-1),
	insertManyEvents: insertIntoEvent + eventValues + strings.Repeat(", "+eventValues, manyEvents-1),
	countEvents: `UPDATE carillon_delivery SET count = ?1
		WHERE subscription = ?3 AND count < ?4 AND NOT (eager AND (due IS NULL OR due > ?2))`,
	countEager: `UPDATE carillon_delivery SET count = ?1, due = ?2
		WHERE subscription = ?3 AND count < ?4 AND eager AND (due IS NULL OR due > ?2)`,
	putInForce: `UPDATE carillon_subscription SET sequenced = ? WHERE key = ?`,
	selectEvents: `SELECT e.number, e.redacted, ` + changeColumns + ` FROM carillon_event e
		CROSS JOIN carillon_change c ON c.position = e.position
		WHERE e.subscription = ? AND e.number BETWEEN ? AND ? ORDER BY e.number LIMIT ? + 0`,

	hastenDelivery: `UPDATE carillon_delivery SET due = ? WHERE subscription = ? AND due > ?`,
	selectDue:      `SELECT subscription, tenant, due FROM carillon_delivery WHERE due IS NOT NULL`,
	lastToken:      `SELECT token FROM carillon_claim`,
	reserveTokens:  `UPDATE carillon_claim SET token = ?`,
	freezeBatch:    `UPDATE carillon_delivery SET frozen = CASE WHEN ?1 > cursor THEN ?1 ELSE 0 END WHERE subscription = ?2`,
	selectBatches: `SELECT e.subscription, e.number, e.redacted, ` + changeColumns + ` FROM json_each(?) k
		CROSS JOIN carillon_event e ON e.subscription = k.value ->> 0 AND e.number > k.value ->> 1 AND e.number <= k.value ->> 2
		CROSS JOIN carillon_change c ON c.position = e.position LIMIT ? + 0`,
	finishWith:    finish + more,
	finishWithout: finish + `NOT ` + more,

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
	takeToken:   `SELECT owner, data, until FROM carillon_token WHERE tenant = ? AND hash = ? AND until > ?`,
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
