-- What clients were given to show once.
CREATE TABLE carillon.token (
	tenant text   COLLATE "C" NOT NULL,
	hash   text   COLLATE "C" NOT NULL,
	data   bytea,
	until  bigint NOT NULL,
	PRIMARY KEY (tenant, hash)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
CREATE INDEX token_until ON carillon.token (until);

-- How many subscriptions somebody has. An expression, for the reason that
-- subscription_tenant has one.
CREATE INDEX subscription_owner ON carillon.subscription ((tenant || ''), owner, key);
