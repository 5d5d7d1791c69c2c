/* What is known of the plant: the document that docs/page.md describes, with rows as objects. */
"use strict";

/** @type {any} */
let plant;

/** @param {{columns: string[], rows: any[][]}} table @returns {any[]} */
function rowsOf(table) {
	return table.rows.map((row) => Object.fromEntries(table.columns.map((column, at) => [column, row[at]])));
}

/** Says which of the plant's series those of a detail are: a series in shadow has the name of the live one. */
function detailOf(detail, calculation) {
	const outputs = calculation?.outputs ?? [], inputs = calculation?.inputs ?? [];
	const numbered = (list, numbers) => list.length === numbers.length ? list.map((one, at) => ({ ...one, at: numbers[at] })) : list;
	return { ...detail, inputs: numbered(detail.inputs, inputs), outputs: numbered(detail.outputs, outputs),
		charts: detail.charts === null ? null : numbered(detail.charts, [...outputs, ...inputs]) };
}

/** @param {any} data @returns {any} */
function plantOf(data) {
	const rules = rowsOf(data.rules);
	const calculations = rowsOf(data.calculations);
	for (const calculation of calculations) {
		calculation.labels = data.labels[calculation.labels];
		calculation.rule = rules[calculation.rule].name;
		const failure = calculation.group === null ? null : data.failures[calculation.group];
		calculation.failure = failure;
		if (failure !== null && calculation.message === null) calculation.message = failure.message;
		calculation.found = calculation.name.toLowerCase();
	}
	const byName = new Map(calculations.map((calculation) => [calculation.name, calculation]));
	const writers = new Map(), readers = new Map();
	for (const calculation of calculations) {
		for (const series of calculation.outputs) writers.set(series, calculation);
		for (const series of calculation.inputs) {
			if (!readers.has(series)) readers.set(series, []);
			readers.get(series).push(calculation);
		}
	}
	const details = new Map(data.details.map((detail) => [detail.name, detailOf(detail, byName.get(detail.name))]));
	return { ...data, rules, calculations, byName, writers, readers, details,
		runs: rowsOf(data.runs), lastRun: rowsOf(data.last_run)[0] ?? null };
}

/** @param {any} calculation @returns {boolean} it fails, or owes windows that failed */
function isFailing(calculation) {
	return calculation.failure !== null || FAILURES.includes(calculation.state);
}

/** @param {any} calculation @returns {string} "team=water, site=north" */
function labelText(calculation) {
	return Object.entries(calculation.labels).map(([name, value]) => `${name}=${value}`).join(", ");
}
