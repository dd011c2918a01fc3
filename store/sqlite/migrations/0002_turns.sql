-- Tenants take turns when more is due than can be claimed at once.
ALTER TABLE carillon_delivery ADD COLUMN tenant TEXT NOT NULL DEFAULT '';
UPDATE carillon_delivery SET tenant = (SELECT s.tenant FROM carillon_subscription s WHERE s.key = subscription);
CREATE INDEX carillon_delivery_turn ON carillon_delivery (tenant, due) WHERE until IS NULL AND due IS NOT NULL;

-- What happened, for filters by trigger.
ALTER TABLE carillon_change ADD COLUMN events BLOB;

-- Whose a subscription is.
ALTER TABLE carillon_subscription ADD COLUMN owner TEXT NOT NULL DEFAULT '';
