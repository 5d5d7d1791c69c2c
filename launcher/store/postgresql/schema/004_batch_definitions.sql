-- The definitions of a batch in one row, for runs: reading them again from the tables that people
-- see, joined for each calculation, cost as much as storing its results. Already in the form in
-- which a row of arrays is sent: the server does not go through 25,000 elements to send them.

create table local_processing.batch_definition (
    batch_id bigint primary key references local_processing.batch (id) on delete cascade,
    generation bigint not null,
    contents bytea not null
);
comment on table local_processing.batch_definition is
    'What runs read of calculation, calculation_input, calculation_output and series: made again from them by the first run after a change. May be emptied at any time.';
comment on column local_processing.batch_definition.generation is 'Of the batch when it was made; of another one it is not used.';
comment on column local_processing.batch_definition.contents is 'record_send of the arrays that pack_batch puts together.';

create function local_processing.pack_batch(of_batch bigint, of_generation bigint) returns void language sql
set search_path = pg_catalog, pg_temp as $$
    delete from local_processing.batch_definition where batch_id = of_batch;
    with member as materialized (
        select row_number() over (order by position)::integer as n, c.*
        from local_processing.calculation c where batch_id = of_batch
    )
    insert into local_processing.batch_definition
    select b.id, b.generation, record_send(packed)
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
    ) packed
    where b.id = of_batch and b.generation = of_generation and exists (select from member)
    on conflict do nothing;
$$;
comment on function local_processing.pack_batch is
    'Makes the row of batch_definition, if the batch is still of that generation. Of two at once the first one makes it.';
