-- Transactions.

-- name: begin
-- doing: begin to write
BEGIN IMMEDIATE;

-- name: begin_read
-- doing: begin to read
BEGIN;

-- name: commit
-- doing: commit
COMMIT;

-- name: rollback
-- doing: roll back
ROLLBACK;
