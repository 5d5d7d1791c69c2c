-- Which window made a result, so that computing it again takes off what it made and nothing else; which results were
-- imported and are kept.

alter table local_processing.sample add column window_end timestamptz;
comment on column local_processing.sample.window_end is
    'Of a result: the end of the window that made it; of several that did, the last one. NULL: measured or imported, or a result of a release that did not note it.';

-- Without an index over window_end, which each result would pay for: the results of a window are found by their times.
alter table local_processing.series
    add column results_from bigint,
    add column results_to bigint;
comment on column local_processing.series.results_from is
    'Microseconds from the end of a window to its first result, the least that ever was: where the results of windows are looked for. NULL: none was stored.';
comment on column local_processing.series.results_to is 'The same to before which its last result lies, at most.';

create table local_processing.superseded (
    series_id bigint not null,
    ts timestamptz not null,
    window_end timestamptz not null,
    value double precision,
    quality smallint,
    coverage real,
    samples integer,
    primary key (series_id, ts, window_end)
);
comment on table local_processing.superseded is
    'Results at whose time a window that ends later has one as well, which counts. When that is taken off, the one of the last window here is back.';

alter table local_processing.owed add column replace_imported boolean not null default false;
comment on column local_processing.owed.replace_imported is 'Also results that somebody imported are written over.';

alter table local_processing.run add column kept_imported bigint not null default 0;
comment on column local_processing.run.kept_imported is 'Results that were not written because somebody had imported one.';

create or replace view local_processing.sample_named as
select s.name as series, s.unit, m.ts, m.value, coalesce(m.quality, 0::smallint) as quality, m.coverage, m.samples, m.window_end
from local_processing.sample m
    join local_processing.series s on s.id = m.series_id;

-- Beside the contents, which the release before this one reads too.
alter table local_processing.batch_definition
    add column results_from bigint[],
    add column results_to bigint[];
comment on column local_processing.batch_definition.results_from is
    'Of the series of its outputs, as results_to: when those are widened, the row is deleted.';
delete from local_processing.batch_definition;

create or replace function local_processing.pack_batch(of_batch bigint, of_generation bigint) returns void language sql
set search_path = pg_catalog, pg_temp as $$
    delete from local_processing.batch_definition where batch_id = of_batch;
    with member as materialized (
        select row_number() over (order by position)::integer as n, c.*
        from local_processing.calculation c where batch_id = of_batch
    )
    insert into local_processing.batch_definition (batch_id, generation, contents, results_from, results_to)
    select b.id, b.generation, record_send(packed), made.results_from, made.results_to
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
    ) made
    where b.id = of_batch and b.generation = of_generation and exists (select from member)
    on conflict do nothing;
$$;
