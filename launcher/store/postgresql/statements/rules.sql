-- Rules: their versions and their breakers.

-- name: each_breaker
-- doing: read the breakers
-- reads: all of breaker
SELECT rule, since, run_id, failed, computed, trials, error FROM {{schema}}.breaker ORDER BY rule COLLATE "C";

-- name: put_breaker
-- doing: note the breaker of a rule
INSERT INTO {{schema}}.breaker (rule, since, run_id, failed, computed, trials, error)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (rule) DO UPDATE
SET since = excluded.since, run_id = excluded.run_id, failed = excluded.failed, computed = excluded.computed,
    trials = excluded.trials, error = excluded.error;

-- name: close_breaker
-- doing: close the breaker of a rule
DELETE FROM {{schema}}.breaker WHERE rule = $1;

-- name: note_rules
-- doing: note the versions of rules
-- reads: all of pending, state where a rule has changed
WITH running AS (
    SELECT FROM {{schema}}.run WHERE id = $3 AND result = 'running' FOR SHARE
), now AS (
    SELECT r.rule, r.version,
        (SELECT v.version FROM {{schema}}.rule_version v WHERE v.rule = r.rule ORDER BY v.id DESC LIMIT 1) AS before
    FROM unnest($1::text[], $2::text[]) r (rule, version)
    WHERE EXISTS (SELECT FROM running)
), added AS (
    INSERT INTO {{schema}}.rule_version (rule, version, run_id, tick)
    SELECT rule, version, $3, $4
    FROM now
    WHERE version IS DISTINCT FROM before
), changed AS MATERIALIZED (
    SELECT * FROM now WHERE before <> version
), states AS (
    -- EXISTS is decided first: mostly no rule has changed, and nothing is read.
    UPDATE {{schema}}.state s
    SET attempts = 0, next_attempt = window_end
    FROM {{schema}}.calculation c
        JOIN changed h ON h.rule = c.rule
    WHERE s.calculation_id = c.id AND s.state = 'given_up' AND EXISTS (SELECT FROM changed)
), opened AS (
    UPDATE {{schema}}.pending p
    SET attempts = 0, given_up = false, next_attempt = window_end
    FROM {{schema}}.calculation c
        JOIN changed h ON h.rule = c.rule
    WHERE p.calculation_id = c.id AND p.given_up AND EXISTS (SELECT FROM changed)
)
SELECT rule, version, before
FROM changed
ORDER BY rule COLLATE "C";

-- name: rule_version
-- doing: read the versions of rules
SELECT version
FROM {{schema}}.rule_version
WHERE rule = $1 AND run_id <= $2
ORDER BY id DESC
LIMIT 1;
