-- Who changed which definition when.

-- name: note_changes
-- doing: note changes of definitions
INSERT INTO definition_change (name, kind, version, change, program_version, role, changed)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);

-- name: each_definition_change
-- doing: read the history of a calculation
WITH asked AS (
    SELECT id, rule FROM calculation WHERE name = ?1
), used AS (
    SELECT s.name
    FROM asked c
        JOIN calculation_input i ON i.calculation_id = c.id
        JOIN series s ON s.id = i.series_id
    UNION
    SELECT s.name
    FROM asked c
        JOIN calculation_output o ON o.calculation_id = c.id
        JOIN series s ON s.id = o.series_id
)
SELECT name, kind, version, change, changed, role, program_version
FROM (
    SELECT 1 AS place, id, name, kind, version, change, changed, role, program_version
    FROM definition_change
    WHERE kind = 'calculation' AND name = ?1
    UNION ALL
    SELECT 0, d.id, d.name, d.kind, d.version, d.change, d.changed, d.role, d.program_version
    FROM used u
        JOIN definition_change d ON d.name = u.name AND d.kind = 'series'
    UNION ALL
    SELECT 2, v.id, v.rule, 'rule', NULL, 'version ' || v.version, coalesce(r.started, v.tick), NULL, r.program_version
    FROM asked c
        JOIN rule_version v ON v.rule = c.rule
        LEFT JOIN run r ON r.id = v.run_id
) h
ORDER BY changed, place, id;
