-- The schema: whether it is there, its version, the rights on it.

-- name: has_schema
-- doing: look for the schema local_processing
SELECT to_regclass('{{schema}}.migration') IS NOT NULL, to_regnamespace('{{schema}}') IS NOT NULL,
    current_setting('server_encoding'), current_database()::text,
    (SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = '{{schema}}');

-- name: schema_version
-- doing: read the schema's version
SELECT coalesce(max(version), 0) FROM {{schema}}.migration;

-- name: create_schema
-- doing: create the schema {{schema}}
-- IF NOT EXISTS would ask for the right to create schemas even where it has nothing to do.
CREATE SCHEMA {{schema}};

-- name: add_migration
-- doing: note a migration
INSERT INTO {{schema}}.migration (version, description, program_version) VALUES ($1, $2, $3);

-- name: missing_rights
-- doing: look at the rights of a role
-- Of a role that reads; $2: of one that runs. Partitions are written to through their tables; nobody calls
-- triggers.
SELECT string_agg(what, ', ' ORDER BY kind, what),
    (SELECT pg_get_userbyid(nspowner)::text FROM pg_namespace WHERE nspname = '{{schema}}')
FROM (
    SELECT 0 AS kind, 'the schema' AS what
    WHERE NOT has_schema_privilege($1, '{{schema}}', 'USAGE')
    UNION ALL
    SELECT 1, relname::text
    FROM pg_class
    WHERE relnamespace = '{{schema}}'::regnamespace
        AND relkind IN ('r', 'p', 'v')
        AND NOT relispartition
        AND NOT (
            has_table_privilege($1, oid, 'SELECT')
            AND (
                NOT $2
                OR relname = 'migration'
                OR has_table_privilege($1, oid, 'INSERT') AND has_table_privilege($1, oid, 'UPDATE')
                    AND has_table_privilege($1, oid, 'DELETE')
            )
        )
    UNION ALL
    SELECT 2, relname::text
    FROM pg_class
    WHERE relnamespace = '{{schema}}'::regnamespace
        AND $2
        AND CASE WHEN relkind = 'S' THEN NOT has_sequence_privilege($1, oid, 'USAGE') END
    UNION ALL
    SELECT 3, proname || '()'
    FROM pg_proc
    WHERE pronamespace = '{{schema}}'::regnamespace
        AND (
            proname IN ('state_name', 'reason_name', 'last_outcomes', 'last_windows')
            OR $2 AND proname IN (
                'ensure_partitions', 'move_samples', 'drop_partition', 'drop_sample_partition', 'pack_batch',
                'set_upstream'
            )
        )
        AND NOT has_function_privilege($1, oid, 'EXECUTE')
) r;

-- What a role may do, whose name is put in at run time. The role of runs writes data and definitions, and calls the
-- functions that make and drop partitions; it owns nothing. Functions are named: where everybody may not call what is
-- new, nobody else may.

-- fragment: functions_for_readers
{{schema}}.state_name, {{schema}}.reason_name, {{schema}}.last_outcomes, {{schema}}.last_windows

-- name: grant_usage
-- doing: grant the rights of a role
GRANT USAGE ON SCHEMA {{schema}} TO %1$s;

-- name: grant_reading
-- doing: grant the rights of a role
GRANT SELECT ON ALL TABLES IN SCHEMA {{schema}} TO %1$s;

-- name: grant_functions_for_readers
-- doing: grant the rights of a role
GRANT EXECUTE ON FUNCTION {{functions_for_readers}} TO %1$s;

-- name: grant_writing
-- doing: grant the rights of a role
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {{schema}} TO %1$s;

-- name: revoke_writing_migrations
-- doing: grant the rights of a role
REVOKE INSERT, UPDATE, DELETE ON {{schema}}.migration FROM %1$s;

-- name: grant_sequences
-- doing: grant the rights of a role
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {{schema}} TO %1$s;

-- name: grant_functions_for_runs
-- doing: grant the rights of a role
GRANT EXECUTE ON FUNCTION {{functions_for_readers}}, {{schema}}.ensure_partitions, {{schema}}.move_samples,
    {{schema}}.drop_partition, {{schema}}.drop_sample_partition, {{schema}}.pack_batch, {{schema}}.set_upstream TO %1$s;
