-- The definitions of a batch in one row, for runs: reading them again from the tables that people
-- see, joined for each calculation, cost as much as storing its results.

create table local_processing.batch_definition (
    batch_id bigint primary key references local_processing.batch (id) on delete cascade,
    generation bigint not null,
    ids bigint[] not null,
    names text[] not null,
    rules text[] not null,
    parameters text[] not null,
    labels text[] not null,
    enabled boolean[] not null,
    time_limits text[] not null,
    versions integer[] not null,
    result_times text[] not null,
    min_coverages double precision[] not null,
    input_of integer[] not null,
    input_names text[] not null,
    input_series_ids bigint[] not null,
    input_series text[] not null,
    input_units text[] not null,
    input_attributes text[] not null,
    input_lookbacks text[] not null,
    input_intervals text[] not null,
    input_windows text[] not null,
    input_shifts text[] not null,
    output_of integer[] not null,
    output_names text[] not null,
    output_series_ids bigint[] not null,
    output_series text[] not null,
    output_units text[] not null
);
comment on table local_processing.batch_definition is
    'What runs read of calculation, calculation_input, calculation_output and series: made again from them by the first run after a change. May be emptied at any time.';
comment on column local_processing.batch_definition.generation is 'Of the batch when it was made; of another one it is not used.';
comment on column local_processing.batch_definition.input_of is 'Whose input it is: place in ids, from 1. Inputs of one calculation stand in their order.';
comment on column local_processing.batch_definition.output_of is 'As input_of.';

create function local_processing.pack_batch(of_batch bigint, of_generation bigint) returns void language sql
set search_path = pg_catalog, pg_temp as $$
    delete from local_processing.batch_definition where batch_id = of_batch;
    with member as materialized (
        select row_number() over (order by position)::integer as n, c.*
        from local_processing.calculation c where batch_id = of_batch
    )
    insert into local_processing.batch_definition
    select b.id, b.generation, c.*, i.*, o.*
    from local_processing.batch b,
        (select array_agg(id), array_agg(name), array_agg(rule), array_agg(parameters::text),
                array_agg(labels::text), array_agg(enabled), array_agg(time_limit), array_agg(version),
                array_agg(result_time), array_agg(min_coverage)
         from (select * from member order by n) ordered) c (ids),
        (select coalesce(array_agg(n), '{}'), coalesce(array_agg(name), '{}'), coalesce(array_agg(series_id), '{}'),
                coalesce(array_agg(series), '{}'), coalesce(array_agg(unit), '{}'),
                coalesce(array_agg(attributes), '{}'), coalesce(array_agg(lookback), '{}'),
                coalesce(array_agg(sample_interval), '{}'), coalesce(array_agg(window_length), '{}'),
                coalesce(array_agg(shift), '{}')
         from (select m.n, x.name, x.series_id, y.name as series, y.unit, y.attributes::text, x.lookback,
                      y.sample_interval, x.window_length, x.shift
               from member m join local_processing.calculation_input x on x.calculation_id = m.id
               join local_processing.series y on y.id = x.series_id
               order by m.n, x.position) ordered) i,
        (select coalesce(array_agg(n), '{}'), coalesce(array_agg(name), '{}'), coalesce(array_agg(series_id), '{}'),
                coalesce(array_agg(series), '{}'), coalesce(array_agg(unit), '{}')
         from (select m.n, x.name, x.series_id, y.name as series, y.unit
               from member m join local_processing.calculation_output x on x.calculation_id = m.id
               join local_processing.series y on y.id = x.series_id
               order by m.n, x.position) ordered) o
    where b.id = of_batch and b.generation = of_generation and c.ids is not null
    on conflict do nothing;
$$;
comment on function local_processing.pack_batch is
    'Makes the row of batch_definition, if the batch is still of that generation. Of two at once the first one makes it.';
