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
-- Whether there are any is asked for each batch of a run.
create index owed_aside on local_processing.owed (reason) where reason in ({{reason waited}}, {{reason tripped}});

alter table local_processing.run add column kept_imported bigint not null default 0;
comment on column local_processing.run.kept_imported is 'Results that were not written because somebody had imported one.';
alter table local_processing.run
    add column planning_us bigint not null default 0,
    add column fetch_us bigint not null default 0,
    add column compute_us bigint not null default 0,
    add column commit_us bigint not null default 0;
comment on column local_processing.run.planning_us is 'Microseconds to find what is due. These four 0: not known.';
comment on column local_processing.run.fetch_us is 'Microseconds of the stage, summed over its threads.';

-- What calculations in shadow make goes to series of their own, of the same names.

alter table local_processing.series
    add column shadow boolean not null default false,
    drop constraint series_name_key,
    add constraint series_name_key unique (name, shadow);
create index series_shadow on local_processing.series (id) where shadow;
comment on column local_processing.series.shadow is
    'It has the results that the calculation in shadow makes that writes the series of the same name.';

create or replace view local_processing.sample_named as
select s.name as series, s.unit, m.ts, m.value, coalesce(m.quality, 0::smallint) as quality, m.coverage, m.samples, m.window_end
from local_processing.sample m
    join local_processing.series s on s.id = m.series_id
where not s.shadow;

-- Whose stored results were computed by definitions or rules that are not those of today.

create table local_processing.outdated (
    calculation_id bigint primary key references local_processing.calculation (id) on delete cascade,
    reason text not null,
    after_end timestamptz not null,
    until_end timestamptz not null,
    other_windows boolean not null default false,
    owed boolean not null default false,
    noted timestamptz not null default now()
);
comment on table local_processing.outdated is
    'A calculation whose stored results were computed by an earlier definition or rule: backfill --outdated computes them again and takes the row off.';
comment on column local_processing.outdated.reason is 'What has changed: parameters, every, rule version.';
comment on column local_processing.outdated.after_end is 'No window of the stored results ends earlier, or begins earlier where its schedule is another one now.';
comment on column local_processing.outdated.until_end is 'The last window that was settled when it was noted.';
comment on column local_processing.outdated.other_windows is
    'Its windows are others now: what those of before made, and no window of today replaces, is taken off.';
comment on column local_processing.outdated.owed is 'Its windows are owed to a backfill: the row goes when they are computed.';

create view local_processing.outdated_named as
select c.name as calculation, c.rule, o.reason, o.after_end, o.until_end, o.other_windows, o.owed, o.noted
from local_processing.outdated o
    join local_processing.calculation c on c.id = o.calculation_id;
comment on view local_processing.outdated_named is 'The same with the names of the calculations.';

-- A calculation that needs more memory than the others, or is to have less.

alter table local_processing.calculation add column memory_limit bigint check (memory_limit > 0);
comment on column local_processing.calculation.memory_limit is
    'Bytes that its rule may take beyond what a process has at rest; NULL: the configuration says.';

-- How far samples were pruned, by series: what reads beyond that is not computed from what is left.

alter table local_processing.series
    add column pruned_from timestamptz,
    add column pruned_to timestamptz;
comment on column local_processing.series.pruned_from is 'The first sample that prune has removed had this time. NULL: none was removed.';
comment on column local_processing.series.pruned_to is
    'The last sample that prune has removed had this time: windows that read from pruned_from to here are left as they are. import --restores-pruned takes it back.';

-- Beside the contents, which the release before this one reads too.
alter table local_processing.batch_definition
    add column results_from bigint[],
    add column results_to bigint[],
    add column pruned_from timestamptz[],
    add column pruned_to timestamptz[],
    add column memory_limits bigint[];
comment on column local_processing.batch_definition.results_from is
    'Of the series of its outputs, as results_to: when those are widened, the row is deleted.';
comment on column local_processing.batch_definition.pruned_from is
    'Of the series of its inputs, as pruned_to: when prune moves those, the batch gets another generation.';
comment on column local_processing.batch_definition.memory_limits is 'Of its calculations; NULL: the configuration says.';
delete from local_processing.batch_definition;

create or replace function local_processing.pack_batch(of_batch bigint, of_generation bigint) returns void language sql
set search_path = pg_catalog, pg_temp as $$
    delete from local_processing.batch_definition where batch_id = of_batch;
    with member as materialized (
        select row_number() over (order by position)::integer as n, c.*
        from local_processing.calculation c where batch_id = of_batch
    )
    insert into local_processing.batch_definition (batch_id, generation, contents, results_from, results_to, pruned_from, pruned_to,
        memory_limits)
    select b.id, b.generation, record_send(packed), made.results_from, made.results_to,
           read.pruned_from, read.pruned_to, (select array_agg(memory_limit order by n) from member)
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

-- Samples may lie in tables of somebody else.

alter table local_processing.series
    add column source_key text not null default '',
    add column source_table text not null default '';
create index series_source_key on local_processing.series ((coalesce(nullif(source_key, ''), name)));
create index series_source_table on local_processing.series (source_table) where source_table not in ('', 'own');
comment on column local_processing.series.source_key is
    'Says which rows are the series'' in a table of somebody else; empty: its name.';
comment on column local_processing.series.source_table is
    'The table of the configuration that has its samples; own: this program''s; empty: the usual one.';

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

-- How much a batch reads: its size and how many of its windows go together follow that, and not its window alone.

alter table local_processing.batch add column span bigint not null default 0;
comment on column local_processing.batch.span is
    'Microseconds that a window of one of its calculations reads over all its inputs, at most; a month has 28 days. 0: as its window.';

with read as (
    select c.id, c.batch_id, coalesce(i.window_length, c.window_length) as length
    from local_processing.calculation c
        left join local_processing.calculation_input i on i.calculation_id = c.id
),
unit (name, seconds) as (
    values ('second', 1), ('minute', 60), ('hour', 3600), ('day', 86400), ('week', 604800), ('month', 2419200),
           ('quarter', 7776000), ('year', 31536000)
),
calculation as (
    select r.batch_id, sum(split_part(r.length, ' ', 1)::numeric * u.seconds * 1000000) as span
    from read r join unit u on u.name = rtrim(split_part(r.length, ' ', 2), 's')
    group by r.id, r.batch_id
)
update local_processing.batch b
set span = c.span
from (select batch_id, least(max(span), 9223372036854775807)::bigint as span from calculation group by batch_id) c
where c.batch_id = b.id;

-- By which version of its definition and of its rule a calculation was computed: mostly all of a batch by one, so the
-- arrays of versions have one element. A release that does not note them leaves all three out.

alter table local_processing.outcome
    add column definition_versions integer[],
    add column rule_versions text[],
    add column which_versions smallint[];
comment on column local_processing.outcome.definition_versions is
    'The versions of definitions that were computed, each pair with its rule_versions once. NULL: not known, an earlier release has written the row.';
comment on column local_processing.outcome.rule_versions is
    'The versions of rules that belong to definition_versions; NULL in it: the rule was not called.';
comment on column local_processing.outcome.which_versions is
    'Of each calculation, which of definition_versions and rule_versions, counted from 1. NULL: the first, all of them.';

create or replace view local_processing.outcome_row as
select o.run_id, o.batch_id, o.tick, o.window_start, o.window_end, c.name as calculation, r.calculation_id,
       local_processing.state_name(r.state) as state, r.duration_us * interval '1 microsecond' as duration, r.samples_read,
       local_processing.reason_name(o.reason) as reason,
       o.definition_versions[coalesce(r.which, 1)] as definition_version,
       o.rule_versions[coalesce(r.which, 1)] as rule_version
from local_processing.outcome o
    cross join lateral unnest(o.calculation_ids, o.states, o.durations_us, o.samples_read, o.which_versions)
        as r (calculation_id, state, duration_us, samples_read, which)
    left join local_processing.calculation c on c.id = r.calculation_id;
comment on column local_processing.outcome_row.definition_version is 'That it was computed by. NULL: not known, an earlier release has written it.';
comment on column local_processing.outcome_row.rule_version is 'That it was computed by. NULL: the rule was not called, or it is not known.';

-- The row of each batch is looked up by itself. A join is planned by how many batches there seem to be, and a table that
-- was never analyzed seems to have hundreds too many: whole partitions were read then.
create function local_processing.last_windows()
    returns table (batch_id bigint, run_id bigint, tick timestamptz, window_start timestamptz, window_end timestamptz,
                   calculation_id bigint, state smallint, duration_us integer, samples_read integer, rule_version text)
    language sql stable rows 10000
    set search_path = pg_catalog, pg_temp
as $$
select b.id, o.run_id, o.tick, o.window_start, o.window_end, r.calculation_id, r.state, r.duration_us, r.samples_read,
       o.rule_versions[coalesce(r.which, 1)]
from local_processing.batch b
    cross join lateral (
        select x.* from local_processing.outcome x where x.tick = b.last_tick and x.id = b.last_outcome limit 1
    ) o
    cross join lateral unnest(o.calculation_ids, o.states, o.durations_us, o.samples_read, o.which_versions)
        as r (calculation_id, state, duration_us, samples_read, which)
$$;
comment on function local_processing.last_windows is 'What the last outcome of each batch says of its calculations.';

-- The release before this one asks for it.
create or replace function local_processing.last_outcomes()
    returns table (batch_id bigint, run_id bigint, tick timestamptz, window_start timestamptz, window_end timestamptz,
                   calculation_id bigint, state smallint, duration_us integer, samples_read integer)
    language sql stable rows 10000
    set search_path = pg_catalog, pg_temp
as $$
select l.batch_id, l.run_id, l.tick, l.window_start, l.window_end, l.calculation_id, l.state, l.duration_us, l.samples_read
from local_processing.last_windows() l
$$;

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
       case when (o.window_end > s.window_end) is not false and o.window_end is not null then o.window_start else s.window_start end as window_start,
       case when (o.window_end > s.window_end) is not false and o.window_end is not null then o.window_end else s.window_end end as window_end,
       case when (o.window_end > s.window_end) is not false and o.window_end is not null then o.run_id else s.run_id end as run_id,
       case when (o.window_end > s.window_end) is not false and o.window_end is not null then o.duration_us else s.duration_us end
           * interval '1 microsecond' as duration,
       case when (o.window_end > s.window_end) is not false and o.window_end is not null then o.samples_read else s.samples_read end as samples_read,
       s.attempts, s.next_attempt,
       coalesce(p.windows, 0) as pending, coalesce(p.given_up, 0) as pending_given_up,
       c.version as definition_version,
       case when (o.window_end > s.window_end) is not false and o.window_end is not null then o.rule_version else s.rule_version end as rule_version,
       case when s.failing_since is not null or p.failed > 0 then s.error_type end as error_type,
       case when s.failing_since is not null or p.failed > 0 then s.error_message end as error_message,
       case when s.failing_since is not null or p.failed > 0 then s.error_traceback end as error_traceback
from local_processing.calculation c
    left join local_processing.batch b on b.id = c.batch_id
    left join local_processing.state s on s.calculation_id = c.id
    left join local_processing.last_windows() o on o.batch_id = c.batch_id and o.calculation_id = c.id and o.state <> {{state interrupted}}
    left join (
        select calculation_id, count(*) as windows, count(*) filter (where given_up) as given_up,
               count(*) filter (where attempts > 0) as failed
        from local_processing.pending
        group by calculation_id
    ) p on p.calculation_id = c.id;

-- Partitions: this month's and the next one's are there before anybody needs them. What others put into the default
-- partition all the same is moved out of it while they go on. Nobody waits for that longer than for a short statement.

-- A lock that is not free is asked for again and again, a moment each time: whoever waits for one has all who come later
-- wait behind.
create function local_processing.lock_briefly(mode text, tries integer, variadic tables name[]) returns boolean
    language plpgsql
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '50ms'
as $$
declare
    statement text;
begin
    select format('lock table %s in %s mode', string_agg(format('only local_processing.%I', t), ', '), mode) into statement
    from unnest(tables) t;
    for try in 1..tries loop
        begin
            execute statement;
            return true;
        exception when lock_not_available then
            perform pg_sleep(0.05 + random() * 0.05);
        end;
    end loop;
    return false;
end
$$;
comment on function local_processing.lock_briefly is 'Locks tables, all or none; false: somebody had one of them all the time.';

create function local_processing.partition_to_make(
    kind text, at timestamptz, out lower_end timestamptz, out upper_end timestamptz)
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
declare
    fine constant text := case kind when 'sample' then 'month' else 'day' end;
    coarse constant text := case kind when 'sample' then 'year' else 'month' end;
    unit text := coarse;
begin
    if kind = 'sample' and abs(extract(year from at) - extract(year from now())) <= 1
        or kind = 'outcome' and at between now() - interval '40 days' and now() + interval '2 days'
        -- A year that has months already gets months.
        or exists (select from local_processing.partitions p
            where p.kind = partition_to_make.kind
                and p.lower_end < date_trunc(coarse, at) + ('1 ' || coarse)::interval
                and p.upper_end > date_trunc(coarse, at)) then
        unit := fine;
    end if;
    lower_end := date_trunc(unit, at);
    upper_end := lower_end + ('1 ' || unit)::interval;
end
$$;
comment on function local_processing.partition_to_make is
    'The range of the partition that a time gets. sample: months for last year, this one and the next, years for all others: fifty years of history are fifty tables, not six hundred. outcome: days around today, months for replayed history.';

create function local_processing.partition_name(kind text, lower_end timestamptz, upper_end timestamptz) returns name
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
declare
    form constant text := case
        when upper_end - lower_end > interval '31 days' then '_YYYY'
        when upper_end - lower_end > interval '1 day' then '_YYYY_MM'
        else '_YYYY_MM_DD'
    end;
    free text := kind || to_char(lower_end, form);
begin
    for number in 2..1000 loop
        exit when to_regclass(format('local_processing.%I', free)) is null;
        free := kind || to_char(lower_end, form) || '_no' || number;
    end loop;
    return free;
end
$$;
comment on function local_processing.partition_name is
    'A name for the partition of a range. One that somebody detached keeps its name: the new one has a number behind it.';

-- Times outside of 1970 to 2100 stay in the default partition.
create or replace function local_processing.ensure_partitions(kind text, first timestamptz, last timestamptz) returns integer
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO'
    set lock_timeout = '2s'
as $$
declare
    key_column constant name := case kind when 'sample' then 'ts' when 'outcome' then 'tick' end;
    rest constant name := kind || '_default';
    at timestamptz := greatest(first, timestamptz '1970-01-01 00:00:00+00');
    edge constant timestamptz := least(last, timestamptz '2100-12-31 23:59:59.999999+00');
    child_from timestamptz;
    child_to timestamptz;
    child name;
    is_stray text;
    alone boolean := false;
    stray boolean;
    crowded boolean;
    made integer := 0;
    hindered integer := 0;
begin
    if key_column is null then
        raise exception 'ensure_partitions: no such kind: %', kind using errcode = 'invalid_parameter_value';
    end if;
    while at <= edge loop
        select p.upper_end into child_to
        from local_processing.partitions p
        where p.kind = ensure_partitions.kind and at >= p.lower_end and at < p.upper_end;
        if found then
            at := child_to;
            continue;
        end if;
        if not alone then
            -- Whoever had to wait here looks again: the other one may have made it.
            perform pg_advisory_xact_lock(1819307120, 4);
            alone := true;
            continue;
        end if;
        if kind = 'sample' and exists (select from local_processing.moving m where m.state <> 'attached') then
            return -2;
        end if;
        select m.lower_end, m.upper_end into child_from, child_to
        from local_processing.partition_to_make(kind, at) m;
        at := child_to;
        -- The server goes through the default partition, which is locked, for each one that is attached.
        crowded := pg_relation_size(format('local_processing.%I', rest)::regclass) > 8 * 1024 * 1024;
        if kind = 'sample' and crowded then
            hindered := -2;
            continue;
        end if;
        is_stray := format('select exists (select from local_processing.%I where %I >= %L and %I < %L)',
            rest, key_column, child_from, key_column, child_to);
        execute is_stray into stray;
        if stray and kind = 'sample' then
            hindered := -2;
            continue;
        elsif stray and crowded then
            -- Only runs write outcomes, and only where they got no lock: prune deletes these by rows.
            hindered := -1;
            continue;
        elsif stray then
            -- Rows are moved only while nobody can be reading. A statement that has looked up its partitions already
            -- and waits for the default one would find the rows neither there nor in the partition it does not know.
            if not local_processing.lock_briefly('access exclusive', 3, kind, rest) then
                return -1;
            end if;
        else
            -- Attached, not created as a partition, which would lock out everybody who reads. The default partition is
            -- locked all the same: nobody may add a row between the look at it and the attachment.
            if not local_processing.lock_briefly('access exclusive', 3, rest) then
                return -1;
            end if;
            execute is_stray into stray;
            if stray then
                -- Came in meanwhile. The next call moves them: to lock more now could be a deadlock.
                return case kind when 'sample' then -2 else -1 end;
            end if;
        end if;
        child := local_processing.partition_name(kind, child_from, child_to);
        execute format('create table local_processing.%I (like local_processing.%I including defaults including constraints)',
            child, kind);
        if stray then
            execute format('with moved as (delete from local_processing.%I where %I >= %L and %I < %L returning *)
                    insert into local_processing.%I select * from moved',
                rest, key_column, child_from, key_column, child_to, child);
        end if;
        execute format('alter table local_processing.%I attach partition local_processing.%I for values from (%L) to (%L)',
            kind, child, child_from, child_to);
        made := made + 1;
    end loop;
    return case when hindered < 0 then hindered else made end;
exception
    -- Somebody reads the default partition for long: a dump, say. Rows go there meanwhile; a later call moves them.
    when lock_not_available then
        return -1;
end
$$;
comment on function local_processing.ensure_partitions is
    'Makes the partitions of sample or outcome for the times from first to last that have none; returns how many it made, -1 where a lock could not be had, -2 where samples of the default partition are in the way: see move_samples.';

-- How the rows of sample_default, few or many, get into partitions of their own. Tables for them are made and filled with
-- copies, some thousand rows a transaction, while triggers do there what others do in sample_default: whoever looks
-- finds a sample in both or in neither. Then, while nobody is at work in sample, names and bounds change and nothing
-- else: these tables become partitions, and sample_default a table that is dropped. Until that the rows are where they
-- were, and nobody reads the copies.
create table local_processing.moving (
    one boolean primary key default true check (one),
    state text not null default 'copying' check (state in ('copying', 'copied', 'attached')),
    series_id bigint,
    ts timestamptz,
    last_copy xid8
);
comment on table local_processing.moving is
    'Has a row while samples are moved out of sample_default. copying: those up to series_id and ts are copied to sample_moving; copied: all are; attached: sample has them there, and sample_moved is to be dropped.';
comment on column local_processing.moving.last_copy is
    'The last transaction that copied. Who reads as of before it would not see the copies.';

create function local_processing.mirror_moving() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'TRUNCATE' then
        truncate local_processing.sample_moving;
        return null;
    end if;
    if tg_op = 'DELETE' or tg_op = 'UPDATE' and (old.series_id, old.ts) is distinct from (new.series_id, new.ts) then
        -- A transaction that reads as of earlier does not see a copy that was made since, and would leave it there. To
        -- write it first fails then, as where others have changed a row that it is about to change.
        insert into local_processing.sample_moving (series_id, ts) values (old.series_id, old.ts)
        on conflict (series_id, ts) do update set value = null;
        delete from local_processing.sample_moving m where m.series_id = old.series_id and m.ts = old.ts;
    end if;
    if tg_op <> 'DELETE' then
        insert into local_processing.sample_moving (series_id, ts, value, quality, coverage, samples, window_end)
        values (new.series_id, new.ts, new.value, new.quality, new.coverage, new.samples, new.window_end)
        on conflict (series_id, ts) do update set value = excluded.value, quality = excluded.quality,
            coverage = excluded.coverage, samples = excluded.samples, window_end = excluded.window_end;
    end if;
    return null;
end
$$;

create view local_processing.moving_partitions as
select c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bound,
       (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([^'']+)''\)'))[1]::timestamptz as lower_end,
       (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \(''([^'']+)''\)'))[1]::timestamptz as upper_end
from pg_catalog.pg_inherits i
    join pg_catalog.pg_class c on c.oid = i.inhrelid
where i.inhparent = to_regclass('local_processing.sample_moving');
comment on view local_processing.moving_partitions is 'What are to be partitions of sample, while samples are moved; the one without ends: sample_default.';

-- The months whose rows are looked for in a part of a large sample_default: what is missed is found the next time.
create function local_processing.begin_moving(first timestamptz, last timestamptz) returns integer
    language plpgsql
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO'
as $$
declare
    bytes constant bigint := pg_relation_size('local_processing.sample_default');
    looked_at_bytes constant bigint := 64 * 1024 * 1024;
    earliest constant timestamptz := '1970-01-01 00:00+00';
    latest constant timestamptz := '2100-12-31 23:59:59.999999+00';
    months timestamptz[];
    place record;
begin
    execute format(
        $look$
            select array_agg(distinct m.month)
            from (select date_trunc('month', d.ts) from local_processing.sample_default d tablesample system (%s)
                  where d.ts between $1 and $2
                  union all
                  select generate_series(date_trunc('month', greatest($3, $1)), least($4, $2), '1 month')
                  where $3 <= $4) m (month)
            where not exists (select from local_processing.partitions p
                where p.kind = 'sample' and m.month >= p.lower_end and m.month < p.upper_end)
        $look$,
        least(100, 100.0 * looked_at_bytes / greatest(bytes, 1))) into months using earliest, latest, first, last;
    if months is null then
        return 0;
    end if;
    if not local_processing.lock_briefly('share row exclusive', 8, 'sample_default') then
        return -1;
    end if;
    create table local_processing.sample_moving (like local_processing.sample including defaults including constraints)
        partition by range (ts);
    comment on table local_processing.sample_moving is 'Copies of what is in sample_default: see moving.';
    create unique index on local_processing.sample_moving (series_id, ts) include (value, quality);
    create table local_processing.sample_moving_default partition of local_processing.sample_moving default;
    for place in
        select distinct p.lower_end, p.upper_end
        from unnest(months) m (month), local_processing.partition_to_make('sample', m.month) p
    loop
        -- The constraint says to the server what it would read all rows for when the table is attached.
        execute format('create table local_processing.%I partition of local_processing.sample_moving'
            ' (constraint moving check (ts >= %L and ts < %L)) for values from (%L) to (%L)',
            'sample_moving_' || to_char(place.lower_end, 'YYYY_MM'),
            place.lower_end, place.upper_end, place.lower_end, place.upper_end);
    end loop;
    create trigger mirror_moving after insert or update or delete on local_processing.sample_default
        for each row execute function local_processing.mirror_moving();
    create trigger mirror_truncated after truncate on local_processing.sample_default
        for each statement execute function local_processing.mirror_moving();
    alter table local_processing.sample_default enable always trigger mirror_moving;
    alter table local_processing.sample_default enable always trigger mirror_truncated;
    insert into local_processing.moving default values;
    return 1;
end
$$;

create function local_processing.copy_moving(behind_series bigint, behind_ts timestamptz, most integer) returns integer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    copied bigint;
begin
    -- The rows are locked: who deletes one meanwhile waits, and then deletes its copy, too.
    execute format(
        $copy$
            with portion as materialized (
                select d.* from local_processing.sample_default d %s order by d.series_id, d.ts limit $3 for key share
            ), copies as (
                insert into local_processing.sample_moving (series_id, ts, value, quality, coverage, samples, window_end)
                select series_id, ts, value, quality, coverage, samples, window_end from portion
                on conflict do nothing
            ), noted as (
                update local_processing.moving m set series_id = p.series_id, ts = p.ts
                from (select series_id, ts from portion order by series_id desc, ts desc limit 1) p
            )
            select count(*) from portion
        $copy$,
        case when behind_series is not null then 'where (d.series_id, d.ts) > ($1, $2)' else '' end)
        into copied using behind_series, behind_ts, most;
    if copied < most then
        update local_processing.moving set state = 'copied', last_copy = pg_current_xact_id();
    end if;
    return 1;
end
$$;

create function local_processing.abandon_moving() returns integer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not local_processing.lock_briefly('access exclusive', 8, 'sample_default') then
        return -1;
    end if;
    drop trigger mirror_moving on local_processing.sample_default;
    drop trigger mirror_truncated on local_processing.sample_default;
    drop table local_processing.sample_moving;
    delete from local_processing.moving;
    return 1;
end
$$;

-- Who reads as of a time before the last copy was made would find the samples in neither table. (What has no user is
-- vacuum.)
create function local_processing.read_as_of_before(last_copy xid8) returns boolean
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    for try in 1..8 loop
        perform pg_stat_clear_snapshot();
        if not exists (select from pg_stat_activity a
            where a.datname = current_database() and a.pid <> pg_backend_pid()
                and a.usesysid is not null and age(a.backend_xmin) >= age(last_copy::xid)) then
            return false;
        end if;
        perform pg_sleep(0.05);
    end loop;
    return true;
end
$$;

create function local_processing.attach_moving(last_copy xid8) returns integer
    language plpgsql
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO'
    set lock_timeout = '50ms'
as $$
declare
    alike boolean;
    child record;
    granted record;
begin
    if local_processing.read_as_of_before(last_copy) then
        return -1;
    end if;
    -- They differ where somebody switched the triggers off; and somebody may have made a partition by hand.
    select (select count(*) from local_processing.sample_default) = (select count(*) from local_processing.sample_moving)
        and not exists (select from local_processing.moving_partitions m join local_processing.partitions p
            on p.kind = 'sample' and p.lower_end < m.upper_end and p.upper_end > m.lower_end)
    into alike;
    if not alike then
        raise warning 'sample_default and its copies differ: moving begins anew';
        return local_processing.abandon_moving();
    end if;
    if not local_processing.lock_briefly('access exclusive', 8, variadic
        array['sample', 'sample_default', 'sample_moving'] || (select array_agg(m.name) from local_processing.moving_partitions m)) then
        return -1;
    end if;
    alter table local_processing.sample detach partition local_processing.sample_default;
    alter table local_processing.sample_default rename to sample_moved;
    -- The default partition last: the server goes through one that is there for each that is attached.
    for child in select m.*, m.bound = 'DEFAULT' as is_rest from local_processing.moving_partitions m order by is_rest loop
        execute format('alter table local_processing.sample_moving detach partition local_processing.%I', child.name);
        execute format('alter table local_processing.sample attach partition local_processing.%I %s',
            child.name, child.bound);
        if not child.is_rest then
            execute format('alter table local_processing.%I drop constraint moving', child.name);
        end if;
        execute format('alter table local_processing.%I rename to %I', child.name, case when child.is_rest
            then 'sample_default' else local_processing.partition_name('sample', child.lower_end, child.upper_end) end);
    end loop;
    for granted in
        select a.privilege_type as what, case a.grantee when 0 then 'public' else a.grantee::regrole::text end as whom
        from pg_class c, aclexplode(c.relacl) a
        where c.oid = 'local_processing.sample_moved'::regclass and a.grantee <> c.relowner
    loop
        execute format('grant %s on local_processing.sample_default to %s', granted.what, granted.whom);
    end loop;
    execute format('comment on table local_processing.sample_default is %L',
        obj_description('local_processing.sample_moved'::regclass, 'pg_class'));
    comment on table local_processing.sample_moved is 'What was sample_default: copied, and to be dropped.';
    drop table local_processing.sample_moving;
    update local_processing.moving set state = 'attached';
    return 1;
end
$$;
comment on table local_processing.sample_default is 'Samples outside of every other partition; move_samples moves them out.';

create function local_processing.move_samples(first timestamptz, last timestamptz, most integer) returns integer
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '50ms'
as $$
declare
    position local_processing.moving;
begin
    if not pg_try_advisory_xact_lock(1819307120, 4) then
        return -1;
    end if;
    select * into position from local_processing.moving;
    if not found then
        return local_processing.begin_moving(first, last);
    elsif position.state = 'copying' then
        return local_processing.copy_moving(position.series_id, position.ts, most);
    elsif position.state = 'copied' then
        return local_processing.attach_moving(position.last_copy);
    end if;
    drop table local_processing.sample_moved;
    delete from local_processing.moving;
    return 1;
exception
    when lock_not_available then
        return -1;
end
$$;
comment on function local_processing.move_samples is
    'A step on the way of what is in sample_default to partitions of its own, among them those from first to last (NULL: none in particular), with at most so many rows: 1 when there is more to do, 0 when there is nothing, -1 when somebody is in the way. A transaction of its own for each step.';

revoke all on function local_processing.lock_briefly, local_processing.partition_to_make,
    local_processing.partition_name, local_processing.mirror_moving, local_processing.begin_moving,
    local_processing.copy_moving, local_processing.abandon_moving, local_processing.read_as_of_before,
    local_processing.attach_moving, local_processing.move_samples from public;

-- Partitions are dropped one prune after the other, and what has many rows is not counted to its last one before.

-- Who has it counted within a statement that must end knows by local_processing.estimated whether it was.
create function local_processing.count_partition(partition name) returns bigint
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    bytes constant bigint := pg_relation_size(format('local_processing.%I', partition)::regclass);
    counted_bytes constant bigint := 64 * 1024 * 1024;
    looked_at_bytes constant bigint := 8 * 1024 * 1024;
    row_count bigint;
begin
    if bytes <= counted_bytes then
        execute format('select count(*) from local_processing.%I', partition) into row_count;
        return row_count;
    end if;
    -- A thousand pages here and there: a count of all would take as long as a large partition is, each night anew.
    execute format('select count(*) from local_processing.%I tablesample system (%s) repeatable (1)', partition,
        100.0 * looked_at_bytes / bytes) into row_count;
    perform set_config('local_processing.estimated', 'on', true);
    return round(row_count::numeric * bytes / looked_at_bytes, -3);
end
$$;
revoke all on function local_processing.count_partition from public;
comment on function local_processing.count_partition is
    'How many rows a partition has; of one of more than 64 MB about how many, and local_processing.estimated is set in the transaction.';

create or replace function local_processing.drop_partition(kind text, before timestamptz) returns bigint
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO'
    set lock_timeout = '2s'
as $$
declare
    old name;
    row_count bigint;
begin
    -- Two at once would both choose the same one.
    perform pg_advisory_xact_lock(1819307120, 7);
    select p.name into old
    from local_processing.partitions p
    where p.kind = drop_partition.kind and p.upper_end <= before
    order by p.lower_end
    limit 1;
    if not found then
        return null;
    end if;
    row_count := local_processing.count_partition(old);
    if not local_processing.lock_briefly('access exclusive', 16, kind, old) then
        raise exception 'somebody reads or writes % for long', kind using errcode = 'lock_not_available';
    end if;
    execute format('drop table local_processing.%I', old);
    return row_count;
end
$$;

-- Of samples: a partition goes only if every series that has samples in it may be pruned as far as they reach, and what
-- is of no series as well. What is gone is noted in its series, in the transaction of the drop.
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
    -- $1 and $2: how far each series may be pruned. One that is not among them is kept. -1 stands for all that are not
    -- there: between two ids that follow one another are theirs.
    is_kept text := $kept$
        select exists (select from local_processing.series s left join unnest($1, $2) k (id, before) on k.id = s.id
            where (k.before is null or k.before < %1$L) and exists (select from local_processing.%2$I p
                where p.series_id = s.id and (k.before is null or p.ts >= k.before)))
            or not exists (select from unnest($1, $2) k (id, before) where k.id = -1 and k.before >= %1$L)
            and exists (select from (select coalesce(lag(s.id) over (order by s.id), -9223372036854775808) as after,
                        coalesce(s.id, 9223372036854775807) as before
                    from (select id from local_processing.series union all select null) s) g
                where g.before - 1 > g.after and exists (select from local_processing.%2$I p
                    where p.series_id > g.after and p.series_id < g.before))
    $kept$;
    -- What came in since the times were noted.
    is_new text := 'select exists (select from local_processing.series s'
        ' where exists (select from local_processing.%1$I p'
        ' where p.series_id = s.id and p.ts < coalesce(s.pruned_from, ''infinity''))'
        ' or exists (select from local_processing.%1$I p where p.series_id = s.id and p.ts > s.pruned_to))';
    kept boolean;
    came boolean;
    gone bigint[];
begin
    -- Two at once would both choose the same one.
    perform pg_advisory_xact_lock(1819307120, 7);
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
    row_count := local_processing.count_partition(old);
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
    if not local_processing.lock_briefly('access exclusive', 16, 'sample', old) then
        raise exception 'somebody reads or writes samples for long' using errcode = 'lock_not_available';
    end if;
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

create or replace function local_processing.state_name(state integer) returns text
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$ select (array['new', 'ok', 'no_data', 'failed', 'timed_out', 'given_up', 'disabled', 'interrupted', 'waiting', 'tripped', 'crashed'])[state + 1] $$;
comment on column local_processing.outcome.states is '{{state ok}} ok, {{state no_data}} no_data, {{state failed}} failed, {{state timed_out}} timed_out, {{state given_up}} given_up, {{state interrupted}} interrupted, {{state waiting}} waiting, {{state tripped}} tripped, {{state crashed}} crashed: see state_name.';

-- Who changed which definition when.

create table local_processing.definition_change (
    id bigint generated always as identity primary key,
    name text not null,
    kind text not null check (kind in ('calculation', 'series')),
    version bigint,
    change text not null,
    changed timestamptz not null default now(),
    role text not null default session_user,
    program_version text not null
);
create index definition_change_name on local_processing.definition_change (name, id);
comment on table local_processing.definition_change is
    'What apply changed in a calculation or a series; it stays when that is deleted.';
comment on column local_processing.definition_change.version is 'That the calculation has from then on. NULL: a series, or deleted.';
comment on column local_processing.definition_change.role is 'The database role that was logged in.';

-- Files that a directory's import has stored, each once.

create table local_processing.imported_file (
    source text not null,
    name text not null,
    size bigint not null,
    modified timestamptz not null,
    content bigint not null,
    imported timestamptz not null,
    primary key (source, name)
);
comment on table local_processing.imported_file is
    'A file that import --follow has stored, noted in the transaction of its samples. Without its row it is taken as a new one.';
comment on column local_processing.imported_file.source is 'The directory.';
comment on column local_processing.imported_file.size is 'Bytes.';
comment on column local_processing.imported_file.content is 'A hash of its bytes: tells whether it was changed.';

-- Up to where rows were looked for in tables of somebody else that say when a row was written.

create table local_processing.late_seen (
    name text primary key,
    ingestion_time text not null,
    seen_from timestamptz not null,
    seen_transaction bigint not null,
    cluster bigint not null
);
comment on table local_processing.late_seen is
    'A table with `late: {ingestion_time: ...}`: the next run looks for rows that were written from seen_from on, by transactions from seen_transaction on. Without its row looking begins with the next run.';
comment on column local_processing.late_seen.name is 'That the configuration gives the table.';
comment on column local_processing.late_seen.cluster is 'Whose transactions are counted: after a restore into another cluster all rows from seen_from on are looked at.';

-- Calculations in shadow: their results go to series of their own, and so does what reads those. What has the same name
-- has the same unit and attributes.

alter table local_processing.calculation
    add column mode text not null default 'live' check (mode in ('live', 'shadow'));
comment on column local_processing.calculation.mode is
    'shadow: its results go to series of their own, which only others in shadow read. Changed by local-processing promote and demote.';
create index calculation_shadow on local_processing.calculation (id) where mode = 'shadow';

alter table local_processing.batch add column shadow boolean not null default false;
comment on column local_processing.batch.shadow is 'Its calculations are in shadow: computed when those that are live are done.';

create view local_processing.sample_in_shadow as
select s.name as series, s.unit, m.ts, m.value, coalesce(m.quality, 0::smallint) as quality, m.coverage, m.samples, m.window_end
from local_processing.sample m
    join local_processing.series s on s.id = m.series_id
where s.shadow;
comment on view local_processing.sample_in_shadow is
    'As sample_named: the results of calculations in shadow, under the names that they have when they are live.';
