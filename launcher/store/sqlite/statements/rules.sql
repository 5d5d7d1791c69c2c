-- Rules: their versions and their breakers.

-- name: each_breaker
-- doing: read the breakers
-- reads: all of breaker
SELECT rule, since, run_id, failed, computed, trials, error FROM breaker ORDER BY rule;

-- name: put_breaker
-- doing: note the breaker of a rule
INSERT OR REPLACE INTO breaker (rule, since, run_id, failed, computed, trials, error)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);

-- name: close_breaker
-- doing: close the breaker of a rule
DELETE FROM breaker WHERE rule = ?1;

-- name: add_rule_version
-- doing: note the version of a rule
INSERT INTO rule_version (rule, version, run_id, tick) VALUES (?1, ?2, ?3, ?4);

-- name: rule_version
-- doing: read the versions of rules
SELECT version
FROM rule_version
WHERE rule = ?1 AND run_id <= ?2
ORDER BY id DESC
LIMIT 1;

-- name: reopen_rule
-- doing: open again what a rule was given up for
-- reads: all of calculation
UPDATE pending
SET attempts = 0, given_up = 0, next_attempt = window_end
WHERE given_up = 1 AND calculation_id IN (SELECT id FROM calculation WHERE rule = ?1);

-- name: reopen_rule_states
-- doing: open again what a rule was given up for
-- reads: all of calculation
UPDATE state
SET attempts = 0, next_attempt = window_end
WHERE state = 'given_up' AND calculation_id IN (SELECT id FROM calculation WHERE rule = ?1);
