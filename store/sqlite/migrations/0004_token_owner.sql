-- How many tokens somebody has that were not taken.
ALTER TABLE carillon_token ADD COLUMN owner TEXT NOT NULL DEFAULT '';
CREATE INDEX carillon_token_owner ON carillon_token (tenant, owner, until);
