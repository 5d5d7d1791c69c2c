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
