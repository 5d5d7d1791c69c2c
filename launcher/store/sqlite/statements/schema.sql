-- The schema: what is noted of its steps.

-- name: add_migration
-- doing: note a migration
INSERT INTO migration (version, description, applied, program_version) VALUES (?1, ?2, ?3, ?4);
