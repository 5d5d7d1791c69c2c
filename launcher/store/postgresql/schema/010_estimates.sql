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
    execute format('drop table local_processing.%I', old);
    return row_count;
end
$$;

create or replace function local_processing.drop_sample_partition(
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
