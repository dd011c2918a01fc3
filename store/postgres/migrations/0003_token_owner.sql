-- How many tokens somebody has that were not taken.
ALTER TABLE carillon.token ADD COLUMN owner text COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX token_owner ON carillon.token (tenant, owner, until);
