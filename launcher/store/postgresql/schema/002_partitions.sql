-- Partitions: made before they are written to, dropped when they are old.
-- The functions run with the rights of the schema's owner, so that the role of
-- runs needs none to create or drop.

create view local_processing.partitions as
select p.kind, c.relname as name,
       (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([^'']+)''\)'))[1]::timestamptz as lower_end,
       (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \(''([^'']+)''\)'))[1]::timestamptz as upper_end
from (values ('sample', 'local_processing.sample'::regclass), ('outcome', 'local_processing.outcome'::regclass)) as p (kind, parent)
    join pg_catalog.pg_inherits i on i.inhparent = p.parent
    join pg_catalog.pg_class c on c.oid = i.inhrelid
where pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT';
comment on view local_processing.partitions is 'Partitions of sample and outcome: from lower_end to before upper_end.';

-- sample: months for last year, this one and the next, years for all others: fifty years of history are fifty
-- tables, not six hundred. outcome: days around today, months for replayed history. Times outside of 1970 to 2100
-- stay in the default partition.
create function local_processing.ensure_partitions(kind text, first timestamptz, last timestamptz) returns integer
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO'
    set lock_timeout = '2s'
as $$
declare
    key_column name;
    fine text;
    coarse text;
    unit text;
    form text;
    at timestamptz := greatest(first, timestamptz '1970-01-01 00:00:00+00');
    edge timestamptz := least(last, timestamptz '2100-12-31 23:59:59.999999+00');
    child_from timestamptz;
    child_to timestamptz;
    child text;
    alone boolean := false;
    stray boolean;
    crowded boolean;
    made integer := 0;
begin
    if kind = 'sample' then
        key_column := 'ts';
        fine := 'month';
        coarse := 'year';
    elsif kind = 'outcome' then
        key_column := 'tick';
        fine := 'day';
        coarse := 'month';
    else
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
        if kind = 'sample' and abs(extract(year from at) - extract(year from now())) <= 1
            or kind = 'outcome' and at between now() - interval '40 days' and now() + interval '2 days' then
            unit := fine;
        else
            unit := coarse;
        end if;
        -- A year that has months already gets months.
        if unit = coarse and exists (
            select from local_processing.partitions p
            where p.kind = ensure_partitions.kind
                and p.lower_end < date_trunc(coarse, at) + ('1 ' || coarse)::interval
                and p.upper_end > date_trunc(coarse, at)) then
            unit := fine;
        end if;
        form := case unit when 'year' then '_YYYY' when 'month' then '_YYYY_MM' else '_YYYY_MM_DD' end;
        child_from := date_trunc(unit, at);
        child_to := child_from + ('1 ' || unit)::interval;
        child := kind || to_char(child_from, form);
        execute format('select exists (select from local_processing.%I where %I >= %L and %I < %L)',
            kind || '_default', key_column, child_from, key_column, child_to) into stray;
        if stray then
            -- Rows are moved only while nobody can be reading. A statement that has looked up its partitions already
            -- and waits for the default one would find the rows neither there nor in the partition it does not know.
            execute format('select count(*) > 1000000 from (select from local_processing.%I where %I >= %L and %I < %L limit 1000001) few',
                kind || '_default', key_column, child_from, key_column, child_to) into crowded;
            if crowded then
                -- To move them would hold up everybody for long: they stay, and are as fast to read there.
                at := child_to;
                continue;
            end if;
            execute format('lock table local_processing.%I in access exclusive mode', kind);
        end if;
        -- Attached, not created as a partition, which would lock out everybody who reads. The default partition is
        -- locked all the same: nobody may add a row between the look at it and the attachment.
        execute format('lock table local_processing.%I in access exclusive mode', kind || '_default');
        if not stray then
            execute format('select exists (select from local_processing.%I where %I >= %L and %I < %L)',
                kind || '_default', key_column, child_from, key_column, child_to) into stray;
            if stray then
                -- Came in meanwhile. The next call moves them: to lock more now could be a deadlock.
                return -1;
            end if;
        end if;
        execute format('create table local_processing.%I (like local_processing.%I including defaults including constraints)',
            child, kind);
        execute format('with moved as (delete from local_processing.%I where %I >= %L and %I < %L returning *)
                insert into local_processing.%I select * from moved',
            kind || '_default', key_column, child_from, key_column, child_to, child);
        execute format('alter table local_processing.%I attach partition local_processing.%I for values from (%L) to (%L)',
            kind, child, child_from, child_to);
        made := made + 1;
        at := child_to;
    end loop;
    return made;
exception
    -- Somebody reads the default partition for long: a dump, say. Rows go there meanwhile; a later call moves them.
    when lock_not_available then
        return -1;
end
$$;
comment on function local_processing.ensure_partitions is
    'Makes the partitions of sample or outcome for the times from first to last that have none; returns how many it made, -1 where a lock could not be had.';

-- One a call: its rows are counted before anybody is locked out, and who reads for long (a dump) makes this give up
-- rather than have everybody else wait behind it.
create function local_processing.drop_partition(kind text, before timestamptz) returns bigint
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
    select p.name into old
    from local_processing.partitions p
    where p.kind = drop_partition.kind and p.upper_end <= before
    order by p.lower_end
    limit 1;
    if not found then
        return null;
    end if;
    execute format('select count(*) from local_processing.%I', old) into row_count;
    execute format('drop table local_processing.%I', old);
    return row_count;
end
$$;
comment on function local_processing.drop_partition is
    'Drops the oldest partition of sample or outcome that ends at or before a time; returns how many rows it had, NULL where there is none.';

revoke all on function local_processing.ensure_partitions, local_processing.drop_partition from public;
