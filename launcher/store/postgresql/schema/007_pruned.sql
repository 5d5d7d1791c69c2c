-- How far samples were pruned, by series: what reads beyond that is not computed from what is left.

alter table local_processing.series
    add column pruned_from timestamptz,
    add column pruned_to timestamptz;
comment on column local_processing.series.pruned_from is 'The first sample that prune has removed had this time. NULL: none was removed.';
comment on column local_processing.series.pruned_to is
    'The last sample that prune has removed had this time: windows that read from pruned_from to here are left as they are. import --restores-pruned takes it back.';

-- Beside the contents, which the release before this one reads too.
alter table local_processing.batch_definition
    add column pruned_from timestamptz[],
    add column pruned_to timestamptz[];
comment on column local_processing.batch_definition.pruned_from is
    'Of the series of its inputs, as pruned_to: when prune moves those, the batch gets another generation.';
delete from local_processing.batch_definition;

create or replace function local_processing.pack_batch(of_batch bigint, of_generation bigint) returns void language sql
set search_path = pg_catalog, pg_temp as $$
    delete from local_processing.batch_definition where batch_id = of_batch;
    with member as materialized (
        select row_number() over (order by position)::integer as n, c.*
        from local_processing.calculation c where batch_id = of_batch
    )
    insert into local_processing.batch_definition (batch_id, generation, contents, results_from, results_to, pruned_from, pruned_to)
    select b.id, b.generation, record_send(packed), made.results_from, made.results_to,
           read.pruned_from, read.pruned_to
    from local_processing.batch b, (
        select * from
            (select array_agg(id), array_agg(name), array_agg(rule), array_agg(parameters::text),
                    array_agg(labels::text), array_agg(enabled), array_agg(time_limit), array_agg(version),
                    array_agg(result_time), array_agg(min_coverage)
             from (select * from member order by n) ordered) calculations,
            (select array_agg(n), array_agg(name), array_agg(series_id), array_agg(series), array_agg(unit),
                    array_agg(attributes), array_agg(lookback), array_agg(sample_interval),
                    array_agg(window_length), array_agg(shift)
             from (select m.n, x.name, x.series_id, y.name as series, y.unit, y.attributes::text, x.lookback,
                          y.sample_interval, x.window_length, x.shift
                   from member m join local_processing.calculation_input x on x.calculation_id = m.id
                   join local_processing.series y on y.id = x.series_id
                   order by m.n, x.position) ordered) inputs,
            (select array_agg(n), array_agg(name), array_agg(series_id), array_agg(series), array_agg(unit)
             from (select m.n, x.name, x.series_id, y.name as series, y.unit
                   from member m join local_processing.calculation_output x on x.calculation_id = m.id
                   join local_processing.series y on y.id = x.series_id
                   order by m.n, x.position) ordered) outputs
    ) packed, (
        select array_agg(coalesce(results_from, 0)) as results_from, array_agg(coalesce(results_to, 0)) as results_to
        from (select y.results_from, y.results_to
              from member m join local_processing.calculation_output x on x.calculation_id = m.id
              join local_processing.series y on y.id = x.series_id
              order by m.n, x.position) ordered
    ) made, (
        select array_agg(pruned_from) as pruned_from, array_agg(pruned_to) as pruned_to
        from (select y.pruned_from, y.pruned_to
              from member m join local_processing.calculation_input x on x.calculation_id = m.id
              join local_processing.series y on y.id = x.series_id
              order by m.n, x.position) ordered
    ) read
    where b.id = of_batch and b.generation = of_generation and exists (select from member)
    on conflict do nothing;
$$;

-- Of samples: a partition goes only if every series that has samples in it may be pruned as far as they reach. What is
-- gone is noted in its series, in the transaction of the drop.
create function local_processing.drop_sample_partition(
    after timestamptz, series_ids bigint[], befores timestamptz[], out upper_end timestamptz, out row_count bigint)
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO'
    set lock_timeout = '2s'
as $$
declare
    old name;
    -- $1 and $2: how far each series may be pruned. One that is not among them is kept.
    is_kept text := 'select exists (select from local_processing.series s'
        ' left join unnest($1, $2) k (id, before) on k.id = s.id'
        ' where (k.before is null or k.before < %L) and exists (select from local_processing.%I p'
        ' where p.series_id = s.id and (k.before is null or p.ts >= k.before)))';
    -- What came in since the times were noted.
    is_new text := 'select exists (select from local_processing.series s'
        ' where exists (select from local_processing.%1$I p'
        ' where p.series_id = s.id and p.ts < coalesce(s.pruned_from, ''infinity''))'
        ' or exists (select from local_processing.%1$I p where p.series_id = s.id and p.ts > s.pruned_to))';
    kept boolean;
    came boolean;
    gone bigint[];
begin
    select p.name, p.upper_end into old, drop_sample_partition.upper_end
    from local_processing.partitions p
    where p.kind = 'sample' and p.upper_end > after and p.upper_end <= (select max(b) from unnest(befores) b)
    order by p.upper_end
    limit 1;
    if not found then
        return;
    end if;
    execute format(is_kept, upper_end, old) into kept using series_ids, befores;
    if kept then
        return;
    end if;
    execute format('select count(*) from local_processing.%I', old) into row_count;
    -- In the order of a commit, which holds its batch and then writes samples.
    perform from local_processing.batch order by id for update;
    execute format('with gone as materialized (select s.id, f.ts as first, l.ts as last from local_processing.series s'
        ' cross join lateral (select ts from local_processing.%1$I p where p.series_id = s.id order by ts limit 1) f'
        ' cross join lateral (select ts from local_processing.%1$I p where p.series_id = s.id order by ts desc limit 1) l),'
        ' noted as (update local_processing.series s set pruned_from = least(s.pruned_from, g.first),'
        ' pruned_to = greatest(s.pruned_to, g.last) from gone g where s.id = g.id returning s.id)'
        ' select array_agg(id) from noted', old) into gone;
    update local_processing.batch set generation = generation + 1
    where id in (select c.batch_id from local_processing.calculation_input i
        join local_processing.calculation c on c.id = i.calculation_id where i.series_id = any (gone));
    lock table only local_processing.sample in access exclusive mode;
    execute format('lock table local_processing.%I in access exclusive mode', old);
    -- Nobody writes any more: somebody may have while the rows were counted.
    execute format(is_kept, upper_end, old) into kept using series_ids, befores;
    execute format(is_new, old) into came;
    if kept or came then
        raise exception 'samples came into % while it was looked at', old using errcode = 'lock_not_available';
    end if;
    execute format('drop table local_processing.%I', old);
end
$$;
comment on function local_processing.drop_sample_partition is
    'Drops the first partition of sample that ends after a time and holds nothing that is kept; its end, and how many rows it had: NULL where something in it is kept, and it stays. No row end: there is none.';
revoke all on function local_processing.drop_sample_partition from public;
