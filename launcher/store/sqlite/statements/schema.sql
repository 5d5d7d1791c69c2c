-- The schema: whether it is there, and what is noted of its steps.

-- name: count_tables
-- doing: read the database
SELECT count(*) FROM sqlite_schema;

-- name: add_migration
-- doing: note a migration
INSERT INTO migration (version, description, applied, program_version) VALUES (?1, ?2, ?3, ?4);
