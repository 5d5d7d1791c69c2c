-- Partitions for what is about to be written.

-- The partition of a time, under one of the names that ensure_partitions gives it; a table that was detached is none.
-- fragment: named kind at form
to_regclass('{{schema}}.' || {{kind}} || to_char({{at}} AT TIME ZONE 'UTC', {{form}}))

-- fragment: partition_named kind at form
CASE
    WHEN pg_partition_root({{named {{kind}}, {{at}}, {{form}}}}) = to_regclass('{{schema}}.' || {{kind}})
        THEN {{named {{kind}}, {{at}}, {{form}}}}
END

-- fragment: partition_at kind at fine coarse
coalesce({{partition_named {{kind}}, {{at}}, {{fine}}}}, {{partition_named {{kind}}, {{at}}, {{coarse}}}})

-- A time in it, wherever in this one we are.
-- fragment: next_month
date_trunc('month', now(), 'UTC') + interval '32 days'

-- fragment: are_prepared
(
    {{partition_at 'sample', now(), '_YYYY_MM', '_YYYY'}} IS NOT NULL
    AND {{partition_at 'sample', ({{next_month}}), '_YYYY_MM', '_YYYY'}} IS NOT NULL
)

-- name: ensure_partitions
-- doing: make partitions
-- Nearly always the partition is there, under the name that the function gives it: to look it up by that costs
-- a hundredth of calling the function.
SELECT CASE WHEN n.name IS NOT NULL THEN 0 ELSE {{schema}}.ensure_partitions($1, $2, $3) END,
    CASE WHEN has_table_privilege(n.name, 'INSERT') THEN n.name::text END,
    $1 = 'sample' AND NOT {{are_prepared}}
FROM (
    SELECT CASE WHEN date_trunc(k.unit, $2, 'UTC') = date_trunc(k.unit, $3, 'UTC') THEN
        {{partition_at $1, $2, k.fine, k.coarse}} END
    FROM (VALUES ('sample', 'month', '_YYYY_MM', '_YYYY'), ('outcome', 'day', '_YYYY_MM_DD', '_YYYY_MM')) k
        (kind, unit, fine, coarse)
    WHERE k.kind = $1
) n (name);

-- name: prepare_partitions
-- doing: make partitions
SELECT CASE WHEN {{are_prepared}} THEN 0 ELSE {{schema}}.ensure_partitions('sample', now(), {{next_month}}) END,
    {{next_month}};

-- name: move_samples
-- doing: move samples out of the default partition
SELECT {{schema}}.move_samples($1, $2, $3);
