-- Every version of every resource. A version without body is a deletion.
CREATE TABLE IF NOT EXISTS server_version (
	seq     INTEGER PRIMARY KEY, -- in the order of commits
	tenant  TEXT    NOT NULL,
	type    TEXT    NOT NULL,
	id      TEXT    NOT NULL,
	number  INTEGER NOT NULL,    -- meta.versionId
	updated INTEGER NOT NULL,    -- meta.lastUpdated in milliseconds
	method  TEXT    NOT NULL,    -- of the request that made it
	status  TEXT    NOT NULL,    -- of its response
	body    BLOB
);
CREATE UNIQUE INDEX IF NOT EXISTS server_version_number ON server_version (tenant, type, id, number);
CREATE INDEX IF NOT EXISTS server_version_type ON server_version (tenant, type, seq);

-- Which version of a resource is the newest, those that are deleted included.
CREATE TABLE IF NOT EXISTS server_current (
	tenant TEXT    NOT NULL,
	type   TEXT    NOT NULL,
	id     TEXT    NOT NULL,
	seq    INTEGER NOT NULL,
	number INTEGER NOT NULL,
	PRIMARY KEY (tenant, type, id)
) WITHOUT ROWID;
