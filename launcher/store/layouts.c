/* The columns of each row that is written or read.  See rows.h. */
#include "store/compose.h"
#include "store/owed.h"
#include "store/rows.h"
#include "store/settle.h"

static const struct lp_row_column schedule_columns[] = {
	LP_COLUMN(LP_KIND_SPAN, struct lp_schedule, every),       /* every */
	LP_COLUMN(LP_KIND_SPAN, struct lp_schedule, window),      /* window_length */
	LP_COLUMN(LP_KIND_OFFSET, struct lp_schedule, offset),    /* "offset" */
	LP_COLUMN(LP_KIND_DELAY, struct lp_schedule, delay),      /* delay */
	LP_COLUMN(LP_KIND_SMALL, struct lp_schedule, week_start), /* week_start */
	LP_COLUMN(LP_KIND_ZONE, struct lp_schedule, zone),        /* time_zone */
	LP_COLUMN(LP_KIND_MISSED, struct lp_schedule, missed),    /* missed */
};
const struct lp_row_layout lp_schedule_layout = LP_LAYOUT(schedule_columns);

static const struct lp_row_column state_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_state_row, calculation_id),
	LP_COLUMN(LP_KIND_STATE, struct lp_state_row, state),
	LP_COLUMN(LP_KIND_TIME, struct lp_state_row, since),
	LP_COLUMN(LP_KIND_TIME, struct lp_state_row, failing_since),
	LP_COLUMN(LP_KIND_ID, struct lp_state_row, run_id),
	LP_COLUMN(LP_KIND_TIME, struct lp_state_row, window.start),
	LP_COLUMN(LP_KIND_TIME, struct lp_state_row, window.end),
	LP_COLUMN(LP_KIND_INTEGER, struct lp_state_row, attempts),
	LP_COLUMN(LP_KIND_TIME, struct lp_state_row, next_attempt),
	LP_COLUMN(LP_KIND_TEXT, struct lp_state_row, rule_version),
	LP_COLUMN(LP_KIND_INTEGER, struct lp_state_row, definition_version),
	LP_COLUMN(LP_KIND_MICROSECONDS, struct lp_state_row, duration),
	LP_COLUMN(LP_KIND_COUNT, struct lp_state_row, samples_read),
	LP_COLUMN(LP_KIND_TEXT, struct lp_state_row, error_type),
	LP_COLUMN(LP_KIND_TEXT, struct lp_state_row, error_message),
	LP_COLUMN(LP_KIND_TEXT, struct lp_state_row, error_traceback),
	LP_COLUMN(LP_KIND_ID_OR_NULL, struct lp_state_row, cause_id),
};
const struct lp_row_layout lp_state_layout = LP_LAYOUT(state_columns);

static const struct lp_row_column pending_key_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_pending_row, calculation_id),
	LP_COLUMN(LP_KIND_TIME, struct lp_pending_row, window.start),
	LP_COLUMN(LP_KIND_TIME, struct lp_pending_row, window.end),
};
const struct lp_row_layout lp_pending_key_layout = LP_LAYOUT(pending_key_columns);

static const struct lp_row_column pending_columns[] = {
	LP_PART(0, lp_pending_key_layout),
	LP_COLUMN(LP_KIND_TEXT, struct lp_pending_row, reason),
	LP_COLUMN(LP_KIND_INTEGER, struct lp_pending_row, attempts),
	LP_COLUMN(LP_KIND_TIME, struct lp_pending_row, next_attempt),
	LP_COLUMN(LP_KIND_BOOL, struct lp_pending_row, given_up),
};
const struct lp_row_layout lp_pending_layout = LP_LAYOUT(pending_columns);

static const struct lp_row_column reach_times_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_reach, series_id),
	LP_COLUMN(LP_KIND_TIME, struct lp_reach, first),
	LP_COLUMN(LP_KIND_TIME, struct lp_reach, last),
};
const struct lp_row_layout lp_reach_times_layout = LP_LAYOUT(reach_times_columns);

static const struct lp_row_column reach_columns[] = {
	LP_PART(0, lp_reach_times_layout),
	LP_COLUMN(LP_KIND_TIME, struct lp_reach, after_end),
	LP_COLUMN(LP_KIND_TIME, struct lp_reach, until_end),
};
const struct lp_row_layout lp_reach_layout = LP_LAYOUT(reach_columns);

static const struct lp_row_column result_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_result_row, series_id),
	LP_COLUMN(LP_KIND_TIME, struct lp_result_row, time),
	LP_COLUMN(LP_KIND_DOUBLE, struct lp_result_row, value),
	LP_COLUMN(LP_KIND_QUALITY, struct lp_result_row, quality),
	LP_COLUMN(LP_KIND_SHARE, struct lp_result_row, coverage),
	LP_COLUMN(LP_KIND_INTEGER, struct lp_result_row, samples),
	LP_COLUMN(LP_KIND_TIME, struct lp_result_row, window_end),
};
const struct lp_row_layout lp_result_layout = LP_LAYOUT(result_columns);

static const struct lp_row_column result_key_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_result_row, series_id),
	LP_COLUMN(LP_KIND_TIME, struct lp_result_row, time),
	LP_COLUMN(LP_KIND_TIME, struct lp_result_row, window_end),
};
const struct lp_row_layout lp_result_key_layout = LP_LAYOUT(result_key_columns);

static const struct lp_row_column widened_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_widened, series_id),
	LP_COLUMN(LP_KIND_ID, struct lp_widened, from),
	LP_COLUMN(LP_KIND_ID, struct lp_widened, to),
};
const struct lp_row_layout lp_widened_layout = LP_LAYOUT(widened_columns);

static const struct lp_row_column outcome_columns[] = {
	LP_COLUMN(LP_KIND_ID_OR_NULL, struct lp_outcome_row, id),
	LP_COLUMN(LP_KIND_TIME, struct lp_outcome_row, window.start),
	LP_COLUMN(LP_KIND_TIME, struct lp_outcome_row, window.end),
	LP_COLUMN(LP_KIND_INTEGER, struct lp_outcome_row, first),
};
const struct lp_row_layout lp_outcome_layout = LP_LAYOUT(outcome_columns);

static const struct lp_row_column outcome_entry_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_outcome_entry, calculation_id),
	LP_COLUMN(LP_KIND_SMALL, struct lp_outcome_entry, state),
	LP_COLUMN(LP_KIND_SHORT_MICROSECONDS, struct lp_outcome_entry, duration),
	LP_COLUMN(LP_KIND_INTEGER, struct lp_outcome_entry, samples_read),
};
const struct lp_row_layout lp_outcome_entry_layout = LP_LAYOUT(outcome_entry_columns);

static const struct lp_row_column outcome_version_columns[] = {
	LP_COLUMN(LP_KIND_INTEGER, struct lp_outcome_version, definition),
	LP_COLUMN(LP_KIND_TEXT, struct lp_outcome_version, rule),
};
const struct lp_row_layout lp_outcome_version_layout = LP_LAYOUT(outcome_version_columns);

static const struct lp_row_column owed_range_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_owed_range, calculation_id),
	LP_COLUMN(LP_KIND_SMALL, struct lp_owed_range, reason),
	LP_COLUMN(LP_KIND_ID, struct lp_owed_range, cause_id),
	LP_COLUMN(LP_KIND_TIME, struct lp_owed_range, window_start),
	LP_COLUMN(LP_KIND_TIME, struct lp_owed_range, after_end),
	LP_COLUMN(LP_KIND_TIME, struct lp_owed_range, until_end),
	LP_COLUMN(LP_KIND_BOOL, struct lp_owed_range, replace_imported),
};
const struct lp_row_layout lp_owed_range_layout = LP_LAYOUT(owed_range_columns);

static const struct lp_row_column owed_row_columns[] = {
	LP_COLUMN(LP_KIND_ID_OR_NULL, struct lp_owed_row, id),
	LP_PART(offsetof(struct lp_owed_row, range), lp_owed_range_layout),
	LP_COLUMN(LP_KIND_ID, struct lp_owed_row, touched),
};
const struct lp_row_layout lp_owed_row_layout = LP_LAYOUT(owed_row_columns);

static const struct lp_row_column owed_move_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_owed_move, id),
	LP_COLUMN(LP_KIND_TIME, struct lp_owed_move, after_end),
	LP_COLUMN(LP_KIND_TIME, struct lp_owed_move, window_start),
	LP_COLUMN(LP_KIND_TIME, struct lp_owed_move, until_end),
};
const struct lp_row_layout lp_owed_move_layout = LP_LAYOUT(owed_move_columns);

static const struct lp_row_column owed_seen_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_owed, id),
	LP_COLUMN(LP_KIND_TIME, struct lp_owed, after_end),
	LP_COLUMN(LP_KIND_ID, struct lp_owed, touched),
};
const struct lp_row_layout lp_owed_seen_layout = LP_LAYOUT(owed_seen_columns);

static const struct lp_row_column series_definition_columns[] = {
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_series, name),
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_series, unit),
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_series, description),
	LP_COLUMN(LP_KIND_JSON, struct lp_series, attributes),
	LP_COLUMN(LP_KIND_LENGTH, struct lp_series, interval),
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_series, key),
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_series, table),
};
const struct lp_row_layout lp_series_definition_layout = LP_LAYOUT(series_definition_columns);

static const struct lp_row_column series_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_series, id),
	LP_PART(0, lp_series_definition_layout),
	LP_COLUMN(LP_KIND_FIRST_GONE, struct lp_series, pruned.start),
	LP_COLUMN(LP_KIND_LAST_GONE, struct lp_series, pruned.end),
	LP_COLUMN(LP_KIND_ID_OR_NULL, struct lp_series, shadow_id),
};
const struct lp_row_layout lp_series_layout = LP_LAYOUT(series_columns);

static const struct lp_row_column definition_columns[] = {
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_calculation, name),
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_calculation, description),
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_calculation, rule),
	LP_COLUMN(LP_KIND_JSON, struct lp_calculation, parameters),
	LP_COLUMN(LP_KIND_JSON, struct lp_calculation, labels),
	LP_COLUMN(LP_KIND_BOOL, struct lp_calculation, enabled),
	LP_PART(offsetof(struct lp_calculation, schedule), lp_schedule_layout),
	LP_COLUMN(LP_KIND_TIME, struct lp_calculation, start),
	LP_COLUMN(LP_KIND_LIMIT, struct lp_calculation, time_limit),
	LP_COLUMN(LP_KIND_INTEGER, struct lp_calculation, version),
	LP_COLUMN(LP_KIND_INTEGER, struct lp_calculation, rank),
	LP_COLUMN(LP_KIND_RESULT_TIME, struct lp_calculation, result_time),
	LP_COLUMN(LP_KIND_DOUBLE, struct lp_calculation, min_coverage),
	LP_COLUMN(LP_KIND_WITHIN, struct lp_calculation, recompute_within),
	LP_COLUMN(LP_KIND_ID_OR_NULL, struct lp_calculation, memory_limit),
	LP_COLUMN(LP_KIND_MODE, struct lp_calculation, mode),
};
const struct lp_row_layout lp_definition_layout = LP_LAYOUT(definition_columns);

static const struct lp_row_column calculation_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_calculation, id),
	LP_PART(0, lp_definition_layout),
	LP_COLUMN(LP_KIND_STATE, struct lp_calculation, state),
	LP_COLUMN(LP_KIND_ID, struct lp_calculation, generation),
};
const struct lp_row_layout lp_calculation_layout = LP_LAYOUT(calculation_columns);

static const struct lp_row_column input_columns[] = {
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_input, name),
	LP_COLUMN(LP_KIND_ID, struct lp_input, series_id),
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_input, series),
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_input, unit),
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_input, attributes),
	LP_COLUMN(LP_KIND_LENGTH, struct lp_input, lookback),
	LP_COLUMN(LP_KIND_LENGTH, struct lp_input, interval),
	LP_COLUMN(LP_KIND_SPAN_OR_NULL, struct lp_input, window),
	LP_COLUMN(LP_KIND_SPAN_OR_NULL, struct lp_input, shift),
	LP_COLUMN(LP_KIND_FIRST_GONE, struct lp_input, pruned.start),
	LP_COLUMN(LP_KIND_LAST_GONE, struct lp_input, pruned.end),
};
const struct lp_row_layout lp_input_layout = LP_LAYOUT(input_columns);

static const struct lp_row_column output_columns[] = {
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_output, name),
	LP_COLUMN(LP_KIND_ID, struct lp_output, series_id),
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_output, series),
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_output, unit),
	LP_COLUMN(LP_KIND_ID, struct lp_output, results_from),
	LP_COLUMN(LP_KIND_ID, struct lp_output, results_to),
};
const struct lp_row_layout lp_output_layout = LP_LAYOUT(output_columns);

static const struct lp_row_column head_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_batch_head, id),
	LP_COLUMN(LP_KIND_ID, struct lp_batch_head, generation),
	LP_COLUMN(LP_KIND_INTEGER, struct lp_batch_head, rank),
	LP_COLUMN(LP_KIND_INTEGER, struct lp_batch_head, size),
	LP_PART(offsetof(struct lp_batch_head, schedule), lp_schedule_layout),
	LP_COLUMN(LP_KIND_TIME, struct lp_batch_head, start),
	LP_COLUMN(LP_KIND_TIME, struct lp_batch_head, watermark),
	LP_COLUMN(LP_KIND_ID, struct lp_batch_head, reach),
	LP_COLUMN(LP_KIND_ID, struct lp_batch_head, span),
	LP_COLUMN(LP_KIND_BOOL, struct lp_batch_head, shadow),
};
const struct lp_row_layout lp_head_layout = LP_LAYOUT(head_columns);

static const struct lp_row_column compose_batch_columns[] = {
	LP_PART(offsetof(struct lp_compose_batch, head), lp_head_layout),
	LP_COLUMN(LP_KIND_BOOL, struct lp_compose_batch, enabled),
};
const struct lp_row_layout lp_compose_batch_layout = LP_LAYOUT(compose_batch_columns);

static const struct lp_row_column new_batch_columns[] = {
	LP_COLUMN(LP_KIND_INTEGER, struct lp_compose_batch, head.rank),
	LP_COLUMN(LP_KIND_BOOL, struct lp_compose_batch, enabled),
	LP_COLUMN(LP_KIND_INTEGER, struct lp_compose_batch, head.size),
	LP_PART(offsetof(struct lp_compose_batch, head.schedule), lp_schedule_layout),
	LP_COLUMN(LP_KIND_TIME, struct lp_compose_batch, head.start),
	LP_COLUMN(LP_KIND_TIME, struct lp_compose_batch, head.watermark),
	LP_COLUMN(LP_KIND_ID, struct lp_compose_batch, origin),
	LP_COLUMN(LP_KIND_ID, struct lp_compose_batch, head.span),
	LP_COLUMN(LP_KIND_BOOL, struct lp_compose_batch, head.shadow),
};
const struct lp_row_layout lp_new_batch_layout = LP_LAYOUT(new_batch_columns);

static const struct lp_row_column changed_batch_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_batch_head, id),
	LP_COLUMN(LP_KIND_ID, struct lp_batch_head, generation),
	LP_COLUMN(LP_KIND_INTEGER, struct lp_batch_head, size),
	LP_COLUMN(LP_KIND_ID, struct lp_batch_head, span),
};
const struct lp_row_layout lp_changed_batch_layout = LP_LAYOUT(changed_batch_columns);

static const struct lp_row_column moved_member_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_compose_member, calculation_id),
	LP_COLUMN(LP_KIND_ID, struct lp_compose_member, batch_id),
	LP_COLUMN(LP_KIND_INTEGER, struct lp_compose_member, position),
};
const struct lp_row_layout lp_moved_member_layout = LP_LAYOUT(moved_member_columns);

static const struct lp_row_column compose_member_columns[] = {
	LP_PART(0, lp_moved_member_layout),
	LP_COLUMN(LP_KIND_INTEGER, struct lp_compose_member, rank),
	LP_PART(offsetof(struct lp_compose_member, schedule), lp_schedule_layout),
	LP_COLUMN(LP_KIND_TIME, struct lp_compose_member, start),
	LP_COLUMN(LP_KIND_TIME, struct lp_compose_member, watermark),
	LP_COLUMN(LP_KIND_BOOL, struct lp_compose_member, enabled),
	LP_COLUMN(LP_KIND_BOOL, struct lp_compose_member, shadow),
};
const struct lp_row_layout lp_compose_member_layout = LP_LAYOUT(compose_member_columns);

static const struct lp_row_column pending_window_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_pending, calculation_id),
	LP_COLUMN(LP_KIND_INTEGER, struct lp_pending, rank),
	LP_COLUMN(LP_KIND_INTEGER, struct lp_pending, attempts),
	LP_COLUMN(LP_KIND_TIME, struct lp_pending, window.start),
	LP_COLUMN(LP_KIND_TIME, struct lp_pending, window.end),
	LP_COLUMN(LP_KIND_ID, struct lp_pending, batch_id),
	LP_COLUMN(LP_KIND_BOOL, struct lp_pending, shadow),
};
const struct lp_row_layout lp_pending_window_layout = LP_LAYOUT(pending_window_columns);

static const struct lp_row_column owed_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_owed, id),          LP_COLUMN(LP_KIND_ID, struct lp_owed, calculation_id),
	LP_COLUMN(LP_KIND_ID, struct lp_owed, batch_id),    LP_COLUMN(LP_KIND_INTEGER, struct lp_owed, rank),
	LP_COLUMN(LP_KIND_INTEGER, struct lp_owed, reason), LP_COLUMN(LP_KIND_TIME, struct lp_owed, after_end),
	LP_COLUMN(LP_KIND_TIME, struct lp_owed, until_end), LP_COLUMN(LP_KIND_ID, struct lp_owed, touched),
	LP_COLUMN(LP_KIND_ID, struct lp_owed, cause_id),    LP_COLUMN(LP_KIND_BOOL, struct lp_owed, replace_imported),
	LP_COLUMN(LP_KIND_ID, struct lp_owed, cause_batch),
};
const struct lp_row_layout lp_owed_layout = LP_LAYOUT(owed_columns);

static const struct lp_row_column progress_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_progress, calculation_id),
	LP_COLUMN(LP_KIND_TIME, struct lp_progress, watermark),
	LP_COLUMN(LP_KIND_TIME, struct lp_progress, first_result),
	LP_COLUMN(LP_KIND_TIME, struct lp_progress, first_end),
};
const struct lp_row_layout lp_progress_layout = LP_LAYOUT(progress_columns);

static const struct lp_row_column edge_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_edge, reader_id),
	LP_COLUMN(LP_KIND_ID, struct lp_edge, reader_batch),
	LP_COLUMN(LP_KIND_ID, struct lp_edge, writer_id),
	LP_COLUMN(LP_KIND_ID, struct lp_edge, writer_batch),
	LP_COLUMN(LP_KIND_ID, struct lp_edge, series_id),
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_edge, reader),
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_edge, writer),
};
const struct lp_row_layout lp_edge_layout = LP_LAYOUT(edge_columns);

static const struct lp_row_column changed_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_changed, series_id),
	LP_COLUMN(LP_KIND_TIME, struct lp_changed, first),
	LP_COLUMN(LP_KIND_ID, struct lp_changed, hours),
};
const struct lp_row_layout lp_changed_layout = LP_LAYOUT(changed_columns);

static const struct lp_row_column change_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_change, series_id),
	LP_COLUMN(LP_KIND_TIME, struct lp_change, first),
	LP_COLUMN(LP_KIND_TIME, struct lp_change, last),
	LP_COLUMN(LP_KIND_BOOL, struct lp_change, by_hand),
};
const struct lp_row_layout lp_change_layout = LP_LAYOUT(change_columns);

static const struct lp_row_column reader_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_reader, calculation_id),
	LP_COLUMN(LP_KIND_ID, struct lp_reader, series_id),
	LP_PART(offsetof(struct lp_reader, schedule), lp_schedule_layout),
	LP_COLUMN(LP_KIND_TIME, struct lp_reader, watermark),
	LP_COLUMN(LP_KIND_TIME, struct lp_reader, start),
	LP_COLUMN(LP_KIND_SPAN_OR_NULL, struct lp_reader, window),
	LP_COLUMN(LP_KIND_SPAN_OR_NULL, struct lp_reader, shift),
	LP_COLUMN(LP_KIND_LENGTH, struct lp_reader, lookback),
	LP_COLUMN(LP_KIND_WITHIN, struct lp_reader, recompute_within),
	LP_COLUMN(LP_KIND_BOOL, struct lp_reader, computed),
	LP_COLUMN(LP_KIND_TIME, struct lp_reader, past_after),
	LP_COLUMN(LP_KIND_TIME, struct lp_reader, past_until),
	LP_COLUMN(LP_KIND_BOOL, struct lp_reader, enabled),
};
const struct lp_row_layout lp_reader_layout = LP_LAYOUT(reader_columns);

static const struct lp_row_column need_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_need, series_id),
	LP_COLUMN(LP_KIND_ID, struct lp_need, calculation_id),
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_need, calculation),
	LP_PART(offsetof(struct lp_need, schedule), lp_schedule_layout),
	LP_COLUMN(LP_KIND_TIME, struct lp_need, watermark),
	LP_COLUMN(LP_KIND_TIME, struct lp_need, start),
	LP_COLUMN(LP_KIND_SPAN_OR_NULL, struct lp_need, window),
	LP_COLUMN(LP_KIND_SPAN_OR_NULL, struct lp_need, shift),
	LP_COLUMN(LP_KIND_LENGTH, struct lp_need, lookback),
	LP_COLUMN(LP_KIND_BOOL, struct lp_need, enabled),
};
const struct lp_row_layout lp_need_layout = LP_LAYOUT(need_columns);

static const struct lp_row_column debt_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_debt, calculation_id),
	LP_COLUMN(LP_KIND_TIME, struct lp_debt, after_end),
};
const struct lp_row_layout lp_debt_layout = LP_LAYOUT(debt_columns);

static const struct lp_row_column prunable_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_prunable, series_id),
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_prunable, series),
	LP_COLUMN(LP_KIND_TIME, struct lp_prunable, oldest),
	LP_COLUMN(LP_KIND_BOOL, struct lp_prunable, computed),
};
const struct lp_row_layout lp_prunable_layout = LP_LAYOUT(prunable_columns);

static const struct lp_row_column blocker_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_blocker, calculation_id),
	LP_COLUMN(LP_KIND_ID, struct lp_blocker, series_id),
	LP_COLUMN(LP_KIND_TIME, struct lp_blocker, first),
	LP_COLUMN(LP_KIND_TIME, struct lp_blocker, last),
	LP_COLUMN(LP_KIND_ID, struct lp_blocker, cause_id),
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_blocker, cause),
};
const struct lp_row_layout lp_blocker_layout = LP_LAYOUT(blocker_columns);

static const struct lp_row_column definition_change_note_columns[] = {
	LP_COLUMN(LP_KIND_TEXT, struct lp_definition_change, name),
	LP_COLUMN(LP_KIND_TEXT, struct lp_definition_change, kind),
	LP_COLUMN(LP_KIND_ID_OR_NULL, struct lp_definition_change, version),
	LP_COLUMN(LP_KIND_TEXT, struct lp_definition_change, change),
};
const struct lp_row_layout lp_definition_change_note_layout = LP_LAYOUT(definition_change_note_columns);

static const struct lp_row_column definition_change_columns[] = {
	LP_PART(0, lp_definition_change_note_layout),
	LP_COLUMN(LP_KIND_TIME, struct lp_definition_change, changed),
	LP_COLUMN(LP_KIND_TEXT, struct lp_definition_change, role),
	LP_COLUMN(LP_KIND_TEXT, struct lp_definition_change, program_version),
};
const struct lp_row_layout lp_definition_change_layout = LP_LAYOUT(definition_change_columns);

static const struct lp_row_column breaker_columns[] = {
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_breaker, rule),
	LP_COLUMN(LP_KIND_TIME, struct lp_breaker, since),
	LP_COLUMN(LP_KIND_ID, struct lp_breaker, run_id),
	LP_COLUMN(LP_KIND_ID, struct lp_breaker, failed),
	LP_COLUMN(LP_KIND_ID, struct lp_breaker, of),
	LP_COLUMN(LP_KIND_ID, struct lp_breaker, trials),
	LP_COLUMN(LP_KIND_TEXT, struct lp_breaker, error),
};
const struct lp_row_layout lp_breaker_layout = LP_LAYOUT(breaker_columns);

static const struct lp_row_column imported_file_columns[] = {
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_imported_file, source),
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_imported_file, name),
	LP_COLUMN(LP_KIND_ID, struct lp_imported_file, size),
	LP_COLUMN(LP_KIND_TIME, struct lp_imported_file, modified),
	LP_COLUMN(LP_KIND_ID, struct lp_imported_file, content),
	LP_COLUMN(LP_KIND_TIME, struct lp_imported_file, imported),
};
const struct lp_row_layout lp_imported_file_layout = LP_LAYOUT(imported_file_columns);

static const struct lp_row_column stored_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_stored, series_id),
	LP_COLUMN(LP_KIND_TIME, struct lp_stored, first_end),
	LP_COLUMN(LP_KIND_TIME, struct lp_stored, last_end),
	LP_COLUMN(LP_KIND_ID, struct lp_stored, results),
};
const struct lp_row_layout lp_stored_layout = LP_LAYOUT(stored_columns);

static const struct lp_row_column outdated_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_outdated, calculation_id),
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_outdated, calculation),
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_outdated, rule),
	LP_COLUMN(LP_KIND_BOOL, struct lp_outdated, enabled),
	LP_COLUMN(LP_KIND_BOOL, struct lp_outdated, owed),
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_outdated, reason),
	LP_COLUMN(LP_KIND_TIME, struct lp_outdated, after_end),
	LP_COLUMN(LP_KIND_TIME, struct lp_outdated, until_end),
	LP_COLUMN(LP_KIND_BOOL, struct lp_outdated, other_windows),
	LP_COLUMN(LP_KIND_TIME, struct lp_outdated, noted),
};
const struct lp_row_layout lp_outdated_layout = LP_LAYOUT(outdated_columns);

static const struct lp_row_column outdated_note_columns[] = {
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_outdated, calculation),
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_outdated, reason),
	LP_COLUMN(LP_KIND_TIME, struct lp_outdated, after_end),
	LP_COLUMN(LP_KIND_TIME, struct lp_outdated, until_end),
	LP_COLUMN(LP_KIND_BOOL, struct lp_outdated, other_windows),
};
const struct lp_row_layout lp_outdated_note_layout = LP_LAYOUT(outdated_note_columns);

static const struct lp_row_column outdated_key_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_outdated, calculation_id),
	LP_COLUMN(LP_KIND_TIME, struct lp_outdated, noted),
};
const struct lp_row_layout lp_outdated_key_layout = LP_LAYOUT(outdated_key_columns);

static const struct lp_row_column place_columns[] = {
	LP_COLUMN(LP_KIND_TIME, struct lp_result_place, time),
	LP_COLUMN(LP_KIND_TIME, struct lp_result_place, window_end),
};
const struct lp_row_layout lp_place_layout = LP_LAYOUT(place_columns);

static const struct lp_row_column new_run_columns[] = {
	LP_COLUMN(LP_KIND_TIME, struct lp_run, tick),
	LP_COLUMN(LP_KIND_TIME, struct lp_run, started),
	LP_COLUMN(LP_KIND_TEXT, struct lp_run, host),
	LP_COLUMN(LP_KIND_INTEGER, struct lp_run, process),
	LP_COLUMN(LP_KIND_TEXT, struct lp_run, program_version),
	LP_COLUMN(LP_KIND_RUN_KIND, struct lp_run, kind),
};
const struct lp_row_layout lp_new_run_layout = LP_LAYOUT(new_run_columns);

static const struct lp_row_column ended_run_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_run, id),
	LP_COLUMN(LP_KIND_TIME, struct lp_run, ended),
	LP_COLUMN(LP_KIND_TEXT, struct lp_run, result),
	LP_COLUMN(LP_KIND_TEXT, struct lp_run, error),
	LP_COLUMN(LP_KIND_ID, struct lp_run, windows),
	LP_COLUMN(LP_KIND_ID, struct lp_run, newly_failed),
	LP_COLUMN(LP_KIND_ID, struct lp_run, samples_read),
	LP_COLUMN(LP_KIND_ID, struct lp_run, samples_written),
	LP_COLUMN(LP_KIND_ID, struct lp_run, still_due),
	LP_COLUMN(LP_KIND_ID, struct lp_run, recomputed),
	LP_COLUMN(LP_KIND_ID, struct lp_run, kept_imported),
	LP_COLUMN(LP_KIND_MICROSECONDS, struct lp_run, planning),
	LP_COLUMN(LP_KIND_MICROSECONDS, struct lp_run, fetch),
	LP_COLUMN(LP_KIND_MICROSECONDS, struct lp_run, compute),
	LP_COLUMN(LP_KIND_MICROSECONDS, struct lp_run, commit),
};
const struct lp_row_layout lp_ended_run_layout = LP_LAYOUT(ended_run_columns);

static const struct lp_row_column run_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_run, id),
	LP_COLUMN(LP_KIND_TIME, struct lp_run, tick),
	LP_COLUMN(LP_KIND_TIME, struct lp_run, started),
	LP_COLUMN(LP_KIND_TIME, struct lp_run, ended),
	LP_COLUMN(LP_KIND_TEXT, struct lp_run, host),
	LP_COLUMN(LP_KIND_INTEGER, struct lp_run, process),
	LP_COLUMN(LP_KIND_TEXT, struct lp_run, program_version),
	LP_COLUMN(LP_KIND_TEXT, struct lp_run, result),
	LP_COLUMN(LP_KIND_TEXT, struct lp_run, error),
	LP_COLUMN(LP_KIND_ID, struct lp_run, windows),
	LP_COLUMN(LP_KIND_ID, struct lp_run, newly_failed),
	LP_COLUMN(LP_KIND_ID, struct lp_run, samples_read),
	LP_COLUMN(LP_KIND_ID, struct lp_run, samples_written),
	LP_COLUMN(LP_KIND_ID, struct lp_run, still_due),
	LP_COLUMN(LP_KIND_RUN_KIND, struct lp_run, kind),
	LP_COLUMN(LP_KIND_ID, struct lp_run, recomputed),
	LP_COLUMN(LP_KIND_ID, struct lp_run, kept_imported),
	LP_COLUMN(LP_KIND_MICROSECONDS, struct lp_run, planning),
	LP_COLUMN(LP_KIND_MICROSECONDS, struct lp_run, fetch),
	LP_COLUMN(LP_KIND_MICROSECONDS, struct lp_run, compute),
	LP_COLUMN(LP_KIND_MICROSECONDS, struct lp_run, commit),
};
const struct lp_row_layout lp_run_layout = LP_LAYOUT(run_columns);

static const struct lp_row_column outcomes_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_outcomes, run_id),
	LP_COLUMN(LP_KIND_TIME, struct lp_outcomes, tick),
	LP_COLUMN(LP_KIND_TIME, struct lp_outcomes, window.start),
	LP_COLUMN(LP_KIND_TIME, struct lp_outcomes, window.end),
	LP_COLUMN(LP_KIND_INTEGER, struct lp_outcomes, reason),
};
const struct lp_row_layout lp_outcomes_layout = LP_LAYOUT(outcomes_columns);

static const struct lp_row_column arrear_columns[] = {
	LP_COLUMN(LP_KIND_INTEGER, struct lp_arrear, reason),   LP_COLUMN(LP_KIND_TEXT, struct lp_arrear, why),
	LP_COLUMN(LP_KIND_TIME, struct lp_arrear, range.start), LP_COLUMN(LP_KIND_TIME, struct lp_arrear, range.end),
	LP_COLUMN(LP_KIND_INTEGER, struct lp_arrear, attempts), LP_COLUMN(LP_KIND_TIME, struct lp_arrear, next_attempt),
	LP_COLUMN(LP_KIND_BOOL, struct lp_arrear, given_up),    LP_COLUMN(LP_KIND_TEXT, struct lp_arrear, cause),
};
const struct lp_row_layout lp_arrear_layout = LP_LAYOUT(arrear_columns);

static const struct lp_row_column status_since_columns[] = {
	LP_COLUMN(LP_KIND_TIME, struct lp_status, since),
	LP_COLUMN(LP_KIND_TIME, struct lp_status, failing_since),
	LP_COLUMN(LP_KIND_TIME, struct lp_status, watermark),
};
const struct lp_row_layout lp_status_since_layout = LP_LAYOUT(status_since_columns);

static const struct lp_row_column status_window_columns[] = {
	LP_COLUMN(LP_KIND_TIME, struct lp_status, window.start),
	LP_COLUMN(LP_KIND_TIME, struct lp_status, window.end),
	LP_COLUMN(LP_KIND_ID, struct lp_status, run_id),
	LP_COLUMN(LP_KIND_MICROSECONDS, struct lp_status, duration),
	LP_COLUMN(LP_KIND_COUNT, struct lp_status, samples_read),
	LP_COLUMN(LP_KIND_TEXT, struct lp_status, rule_version),
};
const struct lp_row_layout lp_status_window_layout = LP_LAYOUT(status_window_columns);

static const struct lp_row_column status_rest_columns[] = {
	LP_COLUMN(LP_KIND_INTEGER, struct lp_status, attempts),
	LP_COLUMN(LP_KIND_TIME, struct lp_status, next_attempt),
	LP_COLUMN(LP_KIND_COUNT, struct lp_status, pending),
	LP_COLUMN(LP_KIND_COUNT, struct lp_status, owed),
	LP_COLUMN(LP_KIND_TEXT, struct lp_status, error_type),
	LP_COLUMN(LP_KIND_TEXT, struct lp_status, error_message),
	LP_COLUMN(LP_KIND_TEXT, struct lp_status, error_traceback),
	LP_COLUMN(LP_KIND_TEXT, struct lp_status, cause),
};
const struct lp_row_layout lp_status_rest_layout = LP_LAYOUT(status_rest_columns);

static const struct lp_row_column input_definition_columns[] = {
	LP_COLUMN(LP_KIND_TEXT, struct lp_input, name),
	LP_COLUMN(LP_KIND_TEXT, struct lp_input, series),
	LP_COLUMN(LP_KIND_LENGTH, struct lp_input, lookback),
	LP_COLUMN(LP_KIND_SPAN_OR_NULL, struct lp_input, window),
	LP_COLUMN(LP_KIND_SPAN_OR_NULL, struct lp_input, shift),
	LP_COLUMN(LP_KIND_REACH, struct lp_input, shift),
};
const struct lp_row_layout lp_input_definition_layout = LP_LAYOUT(input_definition_columns);

static const struct lp_row_column output_definition_columns[] = {
	LP_COLUMN(LP_KIND_TEXT_OR_EMPTY, struct lp_output, name),
	LP_COLUMN(LP_KIND_TEXT, struct lp_output, series),
};
const struct lp_row_layout lp_output_definition_layout = LP_LAYOUT(output_definition_columns);

static const struct lp_row_column change_end_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_change, series_id),
	LP_COLUMN(LP_KIND_TIME, struct lp_change, last),
};
const struct lp_row_layout lp_change_end_layout = LP_LAYOUT(change_end_columns);

static const struct lp_row_column change_bound_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_change_bound, series_id),
	LP_COLUMN(LP_KIND_TIME, struct lp_change_bound, oldest),
};
const struct lp_row_layout lp_change_bound_layout = LP_LAYOUT(change_bound_columns);

static const struct lp_row_column count_range_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_count_range, series_id),
	LP_COLUMN(LP_KIND_TIME, struct lp_count_range, first),
	LP_COLUMN(LP_KIND_TIME, struct lp_count_range, beyond),
};
const struct lp_row_layout lp_count_range_layout = LP_LAYOUT(count_range_columns);

static const struct lp_row_column last_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_last, series_id),
	LP_COLUMN(LP_KIND_TIME, struct lp_last, first),
	LP_COLUMN(LP_KIND_TIME, struct lp_last, beyond),
	LP_COLUMN(LP_KIND_INTEGER, struct lp_last, number),
};
const struct lp_row_layout lp_last_layout = LP_LAYOUT(last_columns);

static const struct lp_row_column rule_version_columns[] = {
	LP_COLUMN(LP_KIND_TEXT, struct lp_rule_version, rule),
	LP_COLUMN(LP_KIND_TEXT, struct lp_rule_version, version),
};
const struct lp_row_layout lp_rule_version_layout = LP_LAYOUT(rule_version_columns);

static const struct lp_row_column changed_rule_version_columns[] = {
	LP_PART(0, lp_rule_version_layout),
	LP_COLUMN(LP_KIND_TEXT, struct lp_rule_version, before),
};
const struct lp_row_layout lp_changed_rule_version_layout = LP_LAYOUT(changed_rule_version_columns);

static const struct lp_row_column place_move_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_result_place, series_id),
	LP_COLUMN(LP_KIND_TIME, struct lp_result_place, time),
	LP_COLUMN(LP_KIND_TIME, struct lp_result_place, to),
};
const struct lp_row_layout lp_place_move_layout = LP_LAYOUT(place_move_columns);
