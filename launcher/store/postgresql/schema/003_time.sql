-- What a result covers, which samples changed, and what is computed again because of it.

alter table local_processing.series add column sample_interval text;
comment on column local_processing.series.sample_interval is
    'From one sample to the next where it is measured regularly: 10 s. NULL: not known.';

alter table local_processing.calculation
    add column missed text not null default 'catch_up' check (missed in ('catch_up', 'skip')),
    add column result_time text not null default 'start' check (result_time in ('start', 'end')),
    add column min_coverage double precision not null default 0 check (min_coverage between 0 and 1),
    add column recompute_within text;
comment on column local_processing.calculation.missed is 'Windows that were due while nothing ran: catch_up, or skip to the newest.';
comment on column local_processing.calculation.result_time is 'A number is stored at the start of its window, or at its end.';
comment on column local_processing.calculation.min_coverage is 'Below it a window is no_data and the rule is not called.';
comment on column local_processing.calculation.recompute_within is
    'So long after its end a window follows changes of its samples; NULL: as the configuration says; never.';

alter table local_processing.calculation_input
    add column window_length text,
    add column shift text,
    add column reach bigint not null default 0;
comment on column local_processing.calculation_input.window_length is 'How much is read; NULL: as long as the calculation''s window.';
comment on column local_processing.calculation_input.shift is 'Moves what is read: -1 week, 24 hours; NULL: not at all.';
comment on column local_processing.calculation_input.reach is 'Microseconds that it comes past the end of the window, at most.';

alter table local_processing.batch
    add column missed text not null default 'catch_up',
    add column reach bigint not null default 0;
comment on column local_processing.batch.reach is 'The most of its inputs.';

alter table local_processing.sample
    add column coverage real,
    add column samples integer;
comment on column local_processing.sample.coverage is
    'Of a result: the share of the samples it was computed from among those expected, from 0 to 1. NULL: measured, or not known.';
comment on column local_processing.sample.samples is 'Of a result: the good samples it was computed from. NULL: measured.';

alter table local_processing.outcome add column reason smallint not null default 0;
comment on column local_processing.outcome.reason is 'Why it was computed: see reason_name.';

alter table local_processing.run
    add column kind text not null default 'run',
    add column recomputed bigint not null default 0;
comment on column local_processing.run.kind is 'run, backfill.';
comment on column local_processing.run.recomputed is 'Windows that had been settled before.';

create table local_processing.change (
    id bigint generated always as identity primary key,
    series_ids bigint[] not null,
    firsts timestamptz[] not null,
    lasts timestamptz[] not null,
    first timestamptz not null,
    last timestamptz not null,
    by_hand boolean not null default false,
    noted timestamptz not null default now()
);
comment on table local_processing.change is
    'Samples that were inserted, updated or deleted since a run looked, but for a run''s own results: a row a statement, in it the hours of series that it touched. The next run computes again what read them.';
comment on column local_processing.change.by_hand is 'invalidated: followed however old it is.';

create table local_processing.owed (
    id bigint generated always as identity primary key,
    calculation_id bigint not null references local_processing.calculation (id) on delete cascade,
    reason smallint not null,
    window_start timestamptz not null,
    after_end timestamptz not null,
    until_end timestamptz not null,
    cause_id bigint not null default 0,
    touched bigint not null default 0,
    noted timestamptz not null default now()
);
create index owed_calculation_id on local_processing.owed (calculation_id);
comment on table local_processing.owed is
    'Windows of a calculation, behind the watermark of its batch, that are to be computed again: those with after_end < end <= until_end.';
comment on column local_processing.owed.touched is 'Counts what was added that overlaps: what is being computed from older samples is then not stored.';

create table local_processing.breaker (
    rule text primary key,
    since timestamptz not null,
    run_id bigint not null,
    failed bigint not null,
    computed bigint not null,
    trials bigint not null,
    error text
);
comment on table local_processing.breaker is
    'A rule of which most calculations failed in one run: its windows are put aside, but for one trial a run. Gone when that works.';
comment on column local_processing.breaker.since is 'The tick.';
comment on column local_processing.breaker.trials is 'That failed since.';

create table local_processing.rule_version (
    id bigint generated always as identity primary key,
    rule text not null,
    version text not null,
    run_id bigint not null,
    tick timestamptz not null
);
create index rule_version_rule on local_processing.rule_version (rule, id);
comment on table local_processing.rule_version is 'The version that a rule has from a run on.';

alter table local_processing.state add column cause_id bigint;
comment on column local_processing.state.cause_id is 'waiting: the calculation at the root that failed.';

create or replace function local_processing.state_name(state integer) returns text
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$ select (array['new', 'ok', 'no_data', 'failed', 'timed_out', 'given_up', 'disabled', 'interrupted', 'waiting', 'tripped'])[state + 1] $$;

create function local_processing.reason_name(reason integer) returns text
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$ select (array['new window', 'catch-up', 'retry', 'late samples', 'invalidated', 'waited for an input', 'breaker was open', 'backfill'])[reason + 1] $$;
comment on function local_processing.reason_name is 'Why a window is computed: the words for what is stored as a number.';

-- With the rights of the schema's owner, so that whoever may write samples needs none on change. A statement that
-- touches a million rows makes one row here. Nothing is noted of what a run writes where nobody has read yet: it says
-- so for its transaction. Anybody may say so; then what they write is not followed.
--
-- The triggers are on the table as a whole: a partition may have none with transition tables, so what is written to
-- one by its own name is not noted. They are no ALWAYS triggers: where session_replication_role is replica, the rows of
-- change come along with the samples, and the server does not fire triggers of statements for replicated rows anyway.
create function local_processing.note_change() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('local_processing.noted', true) = 'off' then
        return null;
    end if;
    if tg_op = 'TRUNCATE' then
        insert into local_processing.change (series_ids, firsts, lasts, first, last)
        select array_agg(series_id), array_agg(timestamptz '-infinity'), array_agg(timestamptz 'infinity'), '-infinity', 'infinity'
        from (select distinct series_id from local_processing.calculation_input) i
        having count(*) > 0;
    elsif tg_op = 'UPDATE' then
        insert into local_processing.change (series_ids, firsts, lasts, first, last)
        select array_agg(series_id), array_agg(first), array_agg(last), min(first), max(last)
        from (select series_id, min(ts) as first, max(ts) as last
              from (select series_id, ts from before union all select series_id, ts from touched) b
              group by series_id, date_trunc('hour', ts, 'UTC')) h
        having count(*) > 0;
    else
        insert into local_processing.change (series_ids, firsts, lasts, first, last)
        select array_agg(series_id), array_agg(first), array_agg(last), min(first), max(last)
        from (select series_id, min(ts) as first, max(ts) as last
              from touched
              group by series_id, date_trunc('hour', ts, 'UTC')) h
        having count(*) > 0;
    end if;
    return null;
end
$$;
revoke all on function local_processing.note_change from public;
comment on function local_processing.note_change is
    'Notes which samples a statement touched. set local_processing.noted = off for what nobody needs to follow.';

create trigger note_inserted after insert on local_processing.sample
    referencing new table as touched
    for each statement execute function local_processing.note_change();
create trigger note_updated after update on local_processing.sample
    referencing old table as before new table as touched
    for each statement execute function local_processing.note_change();
create trigger note_deleted after delete on local_processing.sample
    referencing old table as touched
    for each statement execute function local_processing.note_change();
create trigger note_truncated after truncate on local_processing.sample
    for each statement execute function local_processing.note_change();

create or replace view local_processing.sample_named as
select s.name as series, s.unit, m.ts, m.value, coalesce(m.quality, 0::smallint) as quality, m.coverage, m.samples
from local_processing.sample m
    join local_processing.series s on s.id = m.series_id;

create or replace view local_processing.outcome_row as
select o.run_id, o.batch_id, o.tick, o.window_start, o.window_end, c.name as calculation, r.calculation_id,
       local_processing.state_name(r.state) as state, r.duration_us * interval '1 microsecond' as duration, r.samples_read,
       local_processing.reason_name(o.reason) as reason
from local_processing.outcome o
    cross join lateral unnest(o.calculation_ids, o.states, o.durations_us, o.samples_read)
        as r (calculation_id, state, duration_us, samples_read)
    left join local_processing.calculation c on c.id = r.calculation_id;

create view local_processing.owed_named as
select c.name as calculation, local_processing.reason_name(o.reason) as reason, o.after_end, o.until_end, o.noted
from local_processing.owed o
    join local_processing.calculation c on c.id = o.calculation_id;
comment on view local_processing.owed_named is 'What is to be computed again: windows with after_end < end <= until_end.';
