-- Who changed which definition when.

-- name: note_changes
-- doing: note changes of definitions
INSERT INTO {{schema}}.definition_change (name, kind, version, change, program_version)
SELECT name, kind, version, change, $5
FROM unnest($1::text[], $2::text[], $3::int8[], $4::text[]) r (name, kind, version, change);

-- name: each_definition_change
-- doing: read the history of a calculation
WITH asked AS (
    SELECT id, rule FROM {{schema}}.calculation WHERE name = $1
), used AS (
    SELECT s.name
    FROM asked c
        JOIN {{schema}}.calculation_input i ON i.calculation_id = c.id
        JOIN {{schema}}.series s ON s.id = i.series_id
    UNION
    SELECT s.name
    FROM asked c
        JOIN {{schema}}.calculation_output o ON o.calculation_id = c.id
        JOIN {{schema}}.series s ON s.id = o.series_id
)
SELECT name, kind, version, change, changed, role, program_version
FROM (
    SELECT 1 AS place, id, name, kind, version, change, changed, role, program_version
    FROM {{schema}}.definition_change
    WHERE kind = 'calculation' AND name = $1
    UNION ALL
    SELECT 0, d.id, d.name, d.kind, d.version, d.change, d.changed, d.role, d.program_version
    FROM used u
        JOIN {{schema}}.definition_change d ON d.name = u.name AND d.kind = 'series'
    UNION ALL
    SELECT 2, v.id, v.rule, 'rule', NULL, 'version ' || v.version, coalesce(r.started, v.tick), NULL, r.program_version
    FROM asked c
        JOIN {{schema}}.rule_version v ON v.rule = c.rule
        LEFT JOIN {{schema}}.run r ON r.id = v.run_id
) h
ORDER BY changed, place, id;
