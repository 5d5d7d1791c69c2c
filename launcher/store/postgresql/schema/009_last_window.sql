-- The last window of a calculation that fails stays in its view when the outcomes were pruned.

create or replace view local_processing.calculation_state as
select c.id, c.name, c.rule, c.labels, c.enabled,
       case
           when not c.enabled then 'disabled'
           when s.calculation_id is not null then s.state
           when b.watermark is null then 'new'
           else 'ok'
       end as state,
       coalesce(s.since, c.created) as since,
       s.failing_since,
       b.watermark,
       case when (o.window_end >= s.window_end) is not false and o.window_end is not null then o.window_start else s.window_start end as window_start,
       case when (o.window_end >= s.window_end) is not false and o.window_end is not null then o.window_end else s.window_end end as window_end,
       case when (o.window_end >= s.window_end) is not false and o.window_end is not null then o.run_id else s.run_id end as run_id,
       case when (o.window_end >= s.window_end) is not false and o.window_end is not null then o.duration_us else s.duration_us end
           * interval '1 microsecond' as duration,
       case when (o.window_end >= s.window_end) is not false and o.window_end is not null then o.samples_read else s.samples_read end as samples_read,
       s.attempts, s.next_attempt,
       coalesce(p.windows, 0) as pending, coalesce(p.given_up, 0) as pending_given_up,
       c.version as definition_version, s.rule_version,
       case when s.failing_since is not null or p.failed > 0 then s.error_type end as error_type,
       case when s.failing_since is not null or p.failed > 0 then s.error_message end as error_message,
       case when s.failing_since is not null or p.failed > 0 then s.error_traceback end as error_traceback
from local_processing.calculation c
    left join local_processing.batch b on b.id = c.batch_id
    left join local_processing.state s on s.calculation_id = c.id
    left join local_processing.last_outcomes() o on o.batch_id = c.batch_id and o.calculation_id = c.id and o.state <> 7
    left join (
        select calculation_id, count(*) as windows, count(*) filter (where given_up) as given_up,
               count(*) filter (where attempts > 0) as failed
        from local_processing.pending
        group by calculation_id
    ) p on p.calculation_id = c.id;
