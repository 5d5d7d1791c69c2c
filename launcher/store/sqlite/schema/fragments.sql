-- What the steps of the schema have in common. A step that was released is never changed, and neither is what it takes
-- in: a text that has to change gets another name.

-- % takes the sign of its left side, hence the second one.
-- fragment: micros time
(({{time}} % 1000000) + 1000000) % 1000000

-- Microseconds as RFC 3339.
-- fragment: rfc3339 time
(strftime('%Y-%m-%dT%H:%M:%S', ({{time}} - {{micros {{time}}}}) / 1000000, 'unixepoch')
|| CASE {{micros {{time}}}} WHEN 0 THEN '' ELSE printf('.%06d', {{micros {{time}}}}) END || 'Z')

-- Of an outcome o and a row s of state: what belongs to the window that ends later.
-- fragment: newer outcome state
CASE WHEN (o.window_end >= s.window_end) IS NOT 0 AND o.id IS NOT NULL THEN {{outcome}} ELSE {{state}} END

-- The same as the third step knew it: of a window that was tried again, what belongs to the last attempt.
-- fragment: later outcome state
CASE WHEN (o.window_end > s.window_end) IS NOT 0 AND o.id IS NOT NULL THEN {{outcome}} ELSE {{state}} END

-- The last error, while the calculation fails or owes a window that failed.
-- fragment: shown_error error
CASE
    WHEN s.failing_since IS NOT NULL
        OR EXISTS (SELECT 1 FROM pending p WHERE p.calculation_id = c.id AND p.attempts > 0) THEN {{error}}
END

-- fragment: item array index
json_extract({{array}}, '$[' || {{index}} || ']')

-- Which versions of an outcome o belong to the calculation at an index.
-- fragment: which index
(coalesce({{item o.which_versions, {{index}}}}, 1) - 1)

-- The words of states, as the first, the second and the third step knew them.
-- fragment: state_name_1 number
CASE {{number}} WHEN {{state new}} THEN 'new' WHEN {{state ok}} THEN 'ok' WHEN {{state no_data}} THEN 'no_data'
    WHEN {{state failed}} THEN 'failed' WHEN {{state timed_out}} THEN 'timed_out'
    WHEN {{state given_up}} THEN 'given_up' WHEN {{state disabled}} THEN 'disabled'
    WHEN {{state interrupted}} THEN 'interrupted' END

-- fragment: state_name_2 number
CASE {{number}} WHEN {{state waiting}} THEN 'waiting' WHEN {{state tripped}} THEN 'tripped'
    ELSE {{state_name_1 {{number}}}} END

-- fragment: state_name_3 number
CASE {{number}} WHEN {{state crashed}} THEN 'crashed' ELSE {{state_name_2 {{number}}}} END

-- fragment: reason_name number
CASE {{number}} WHEN {{reason new}} THEN 'new window' WHEN {{reason catch_up}} THEN 'catch-up'
    WHEN {{reason retry}} THEN 'retry' WHEN {{reason late}} THEN 'late samples'
    WHEN {{reason invalidated}} THEN 'invalidated' WHEN {{reason waited}} THEN 'waited for an input'
    WHEN {{reason tripped}} THEN 'breaker was open' WHEN {{reason backfill}} THEN 'backfill' END

-- The hour of UTC that a time lies in; / rounds towards zero.
-- fragment: hour time
({{time}} / 3600000000 - ({{time}} % 3600000000 < 0))

-- fragment: unless_own
NOT EXISTS (SELECT 1 FROM own_writer)

-- How many microseconds a text such as '2 hours' is about.
-- fragment: length text
CAST({{text}} AS INTEGER) * CASE rtrim(substr({{text}}, instr({{text}}, ' ') + 1), 's')
    WHEN 'second' THEN 1000000
    WHEN 'minute' THEN 60000000
    WHEN 'hour' THEN 3600000000
    WHEN 'day' THEN 86400000000
    WHEN 'week' THEN 604800000000
    WHEN 'month' THEN 2419200000000
    WHEN 'quarter' THEN 7776000000000
    WHEN 'year' THEN 31536000000000
END
