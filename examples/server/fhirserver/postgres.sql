-- Every version of every resource. A version without body is a deletion. Ids are
-- compared byte by byte, as the pages of a search are.
CREATE TABLE IF NOT EXISTS server_version (
	seq     bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- of one resource: in the order of commits
	tenant  text    COLLATE "C" NOT NULL,
	type    text    COLLATE "C" NOT NULL,
	id      text    COLLATE "C" NOT NULL,
	number  bigint  NOT NULL, -- meta.versionId
	updated bigint  NOT NULL, -- meta.lastUpdated in milliseconds
	method  text    NOT NULL, -- of the request that made it
	status  text    NOT NULL, -- of its response
	body    bytea
);
CREATE UNIQUE INDEX IF NOT EXISTS server_version_number ON server_version (tenant, type, id, number);
CREATE INDEX IF NOT EXISTS server_version_type ON server_version (tenant, type, seq);

-- Which version of a resource is the newest, those that are deleted included.
CREATE TABLE IF NOT EXISTS server_current (
	tenant text   COLLATE "C" NOT NULL,
	type   text   COLLATE "C" NOT NULL,
	id     text   COLLATE "C" NOT NULL,
	seq    bigint NOT NULL,
	number bigint NOT NULL,
	PRIMARY KEY (tenant, type, id)
);
