-- What a batch reads of others, so that what its inputs read decides what has to be there before it is computed.

alter table local_processing.batch add column reading text not null default '';
comment on column local_processing.batch.upstream is 'Batches that write what this one reads.';
comment on column local_processing.batch.reading is
    'What its inputs read of them: upstream|result_time|window|shift|lookback, parted by ;. A window is computed once all is there that lies in its ranges.';

create function local_processing.set_upstream() returns void language sql
set search_path = pg_catalog, pg_temp as $$
    with edge as materialized (
        select distinct c.batch_id, w.batch_id as upstream, w.result_time,
               coalesce(i.window_length, '') as window_length, coalesce(i.shift, '') as shift,
               coalesce(i.lookback, '0') as lookback
        from local_processing.calculation_output o
            join local_processing.calculation_input i on i.series_id = o.series_id
            join local_processing.calculation w on w.id = o.calculation_id and w.enabled
            join local_processing.calculation c on c.id = i.calculation_id
        where w.batch_id <> c.batch_id
    ),
    wanted as materialized (
        select batch_id, array_agg(distinct upstream order by upstream) as upstream,
               string_agg(concat_ws('|', upstream, result_time, window_length, shift, lookback), ';'
                          order by upstream, result_time, window_length, shift, lookback) as reading
        from edge
        group by batch_id
    )
    update local_processing.batch b
    set upstream = coalesce(w.upstream, '{}'), reading = coalesce(w.reading, '')
    from local_processing.batch x left join wanted w on w.batch_id = x.id
    where x.id = b.id
        and (b.upstream, b.reading) is distinct from (coalesce(w.upstream, '{}'), coalesce(w.reading, ''));
$$;
comment on function local_processing.set_upstream is 'Finds which batches read others, and what: after definitions were applied.';
select local_processing.set_upstream();
