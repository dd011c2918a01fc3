-- What is due when, and who works on it, is kept by the process that has the file open.
DROP INDEX carillon_delivery_due;
DROP INDEX carillon_delivery_turn;
DROP INDEX carillon_delivery_until;

-- No claim has a token above this one.
CREATE TABLE carillon_claim (token INTEGER NOT NULL);
INSERT INTO carillon_claim SELECT coalesce(max(claim), 0) FROM carillon_delivery;
ALTER TABLE carillon_delivery DROP COLUMN claim;
ALTER TABLE carillon_delivery DROP COLUMN node;
ALTER TABLE carillon_delivery DROP COLUMN until;
