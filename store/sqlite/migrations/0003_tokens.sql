-- What clients were given to show once.
CREATE TABLE carillon_token (
	tenant TEXT    NOT NULL,
	hash   TEXT    NOT NULL,
	data   BLOB,
	until  INTEGER NOT NULL,
	PRIMARY KEY (tenant, hash)
) WITHOUT ROWID;
CREATE INDEX carillon_token_until ON carillon_token (until);

-- How many subscriptions somebody has.
CREATE INDEX carillon_subscription_owner ON carillon_subscription (tenant, owner);
