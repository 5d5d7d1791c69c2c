/* One calculation: what is wrong, its definition, its series over time, what is owed, its past windows. */
"use strict";

function termsOf(pairs) {
	return make("dl", {}, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "").flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
}

function stateTerms(calculation) {
	return termsOf([
		["State", make("span", {}, stateMark(calculation.state), " since ", timeMark(calculation.since))],
		["Mode", calculation.mode === "shadow" ? "in shadow: its results go to series of their own, and count nowhere else" : null],
		["Failing since", calculation.failing_since === null ? null : timeMark(calculation.failing_since)],
		["Waits", calculation.waits === null ? null : calculation.state === "waiting" ? make("span", {}, "for ", calculationLink(calculation.waits), ", which failed") : calculation.waits],
		["Attempts", calculation.attempts > 0 ? countText(calculation.attempts) : null],
		["Next attempt", calculation.next_attempt === null ? null : timeMark(calculation.next_attempt)],
		["Last window to", calculation.window_end === null ? "none was computed" : timeMark(calculation.window_end)],
		["Took", calculation.duration === null ? null : `${tookText(calculation.duration)}, ${counted(calculation.samples_read, "sample")} read, in run ${calculation.run}`],
		["Behind", calculation.lag > 0 ? `${lengthText(calculation.lag)} behind the newest run` : calculation.lag === null ? "nothing is computed yet, though windows are due" : null],
		["In this period", `${counted(calculation.windows, "window")}${calculation.failed > 0 ? `, ${countText(calculation.failed)} failed` : ""}, ${lengthText(calculation.seconds)} in its rule, the longest ${lengthText(calculation.worst)}`],
	]);
}

function seriesList(list, readers) {
	return make("ul", {}, list.map((one) => {
		const writer = readers ? null : plant.writers.get(one.at);
		const others = readers ? plant.readers.get(one.at) ?? [] : [];
		return make("li", {}, one.name ? make("span", { class: "code" }, one.name, ": ") : "", nameOf(one.series), one.unit ? ` in ${one.unit}` : "",
			one.window ? `, the ${one.window} up to the window's end` : "", one.shift ? `, moved by ${one.shift}` : "", one.lookback ? `, and the last sample of ${one.lookback} before` : "",
			writer ? make("span", {}, ", written by ", calculationLink(writer.name)) : "",
			others.length > 0 ? make("span", {}, ", read by ", others.slice(0, 5).map((other, at) => [at > 0 ? ", " : "", calculationLink(other.name)]), others.length > 5 ? ` and ${countText(others.length - 5)} more` : "") : "");
	}));
}

function definitionOf(calculation, detail) {
	const parameters = Object.entries(detail.parameters);
	return [make("h2", {}, "Definition"), termsOf([
		["Description", detail.description],
		["Rule", make("span", {}, make("a", { class: "code", href: "#/calculations?rule=" + encodeURIComponent(calculation.rule) }, calculation.rule), detail.rule_version ? `, version ${detail.rule_version}` : "")],
		["Parameters", parameters.length === 0 ? null : make("span", { class: "code" }, parameters.map(([name, value]) => `${name} = ${JSON.stringify(value)}`).join(", "))],
		["Inputs", seriesList(detail.inputs, false)],
		["Outputs", seriesList(detail.outputs, true)],
		["Every", calculation.every + (detail.window !== calculation.every ? `, over ${detail.window}` : "") + (detail.offset ? `, moved by ${detail.offset}` : "")],
		["Delay", detail.delay],
		["Time zone", detail.time_zone],
		["Start", detail.start === null ? null : timeMark(detail.start)],
		["Result at", `the ${detail.result_time} of the window`],
		["Least coverage", detail.min_coverage > 0 ? shareText(detail.min_coverage) : null],
		["Missed windows", words(detail.missed)],
		["Labels", labelText(calculation)],
		["Definition", `version ${detail.definition_version}`],
	])];
}

function owedOf(detail) {
	if (detail.owed.length === 0) return [make("h2", {}, "Windows owed"), make("p", {}, "None: every window up to the last one is settled.")];
	return [make("h2", {}, "Windows owed"), tableOf({
		caption: "Windows that are still to be computed", rows: detail.owed, cards: true,
		columns: [
			{ title: "From", show: (row) => timeMark(row.from) },
			{ title: "To", show: (row) => timeMark(row.to) },
			{ title: "Why", show: (row) => row.why ? words(row.why) : words(row.reason) + (row.cause ? `: ${row.cause}` : "") },
			{ title: "Attempts", number: true, show: (row) => row.attempts > 0 ? countText(row.attempts) : "" },
			{ title: "Next", show: (row) => row.given_up ? make("span", { class: "state worse" }, stateShape("given_up"), "given up") : row.next_attempt === null ? "with a run to come" : timeMark(row.next_attempt) },
		],
	}), detail.more_owed ? make("p", { class: "small soft" }, `Only the first ${detail.owed.length} are shown.`) : null];
}

function pastOf(detail) {
	if (detail.history.length === 0) return [make("h2", {}, "Past windows"), make("p", {}, "No window was computed in this period.")];
	return [make("h2", {}, "Past windows"),
		make("ul", { class: "strip", "aria-hidden": "true" }, detail.history.slice().reverse().map((one) => make("li", { title: `${timeText(one.to)}: ${words(one.state)}` }, stateShape(one.state)))),
		tableOf({
			caption: "Past windows, newest first", rows: detail.history, cards: true, atOnce: 20,
			columns: [
				{ title: "Window from", show: (row) => timeMark(row.from) },
				{ title: "To", show: (row) => timeMark(row.to) },
				{ title: "State", show: (row) => stateMark(row.state) },
				{ title: "Why then", show: (row) => row.reason },
				{ title: "Samples", number: true, show: (row) => countText(row.samples_read) },
				{ title: "Took", number: true, show: (row) => tookText(row.seconds) },
				{ title: "Run", number: true, show: (row) => String(row.run) },
				{ title: "For", show: (row) => timeMark(row.tick) },
			],
		}),
		detail.history.length >= 60 ? make("p", { class: "small soft" }, "The newest 60 of this period.") : null];
}

/** What is known of a point that was chosen, and how to ask the program for more. */
function pointNote(chart, point, shadow) {
	const exact = new Date(point.t).toISOString().replace(/\.000Z$/, "Z");
	const why = isLive && !chart.buckets ? make("div") : null;
	if (why) explainInto(why, chart.series, exact, shadow !== "");
	return [make("h3", {}, nameOf(chart.series), " at ", timeMark(point.t)),
		termsOf([
			["Value", valueText(point.v, chart.unit) + (chart.buckets ? `, the mean of ${counted(point.good, "sample")}` : "")],
			["Quality", chart.buckets ? null : ["good", "uncertain", "bad"][point.q]],
			["Coverage", point.c === null || point.c === undefined ? null : shareText(point.c)],
		]),
		chart.buckets ? make("p", { class: "small soft" }, "The samples of this stretch: ", make("span", { class: "code" },
			`local-processing samples${shadow} ${shellWord(chart.series)} --from ${new Date(point.t - chart.bucket / 2).toISOString()} --to ${new Date(point.t + chart.bucket / 2).toISOString()}`))
			: why ?? make("p", { class: "small soft" }, "Where it comes from (rule, inputs, runs): ", make("span", { class: "code" }, `local-processing explain${shadow} ${shellWord(chart.series)} ${exact}`))];
}

function chartsOf(calculation, detail) {
	if (detail.charts === null) return [make("h2", {}, "Over time"), make("p", {}, "Its charts are not in this file: the samples of others had filled it. ",
		make("span", { class: "code" }, `local-processing report ${shellWord(detail.name)}`), " puts them in.")];
	const note = make("section", { class: "note", "aria-live": "polite", hidden: true });
	const chosen = (chart, point) => { note.hidden = false; note.replaceChildren(...pointNote(chart, point, calculation.mode === "shadow" && plant.writers.get(chart.at)?.mode === "shadow" ? " --shadow" : "")); };
	const figures = detail.charts.map((chart) => {
		const points = chart.buckets || chart.samples === 0 ? null : make("details", {}, make("summary", {}, "Samples as a table"), tableOf({
			caption: `Samples of ${chart.series}, newest first`, atOnce: 20,
			rows: chart.t.map((t, at) => ({ t, v: chart.v[at], q: chart.q ? chart.q[at] : 0, c: chart.c ? chart.c[at] : null })).reverse(),
			columns: [
				{ title: "Time", show: (row) => make("button", { type: "button", class: "link time", click: () => { chosen(chart, row); note.scrollIntoView({ block: "nearest" }); } }, timeText(row.t)) },
				{ title: `Value${chart.unit ? ` (${chart.unit})` : ""}`, number: true, show: (row) => valueText(row.v) },
				{ title: "Quality", show: (row) => ["good", "uncertain", "bad"][row.q] },
				...(chart.c ? [{ title: "Coverage", number: true, show: (row) => row.c === null ? "" : shareText(row.c) }] : []),
			],
		}));
		return [seriesChart(chart, chosen), points];
	});
	return [make("h2", {}, "Over time"),
		make("p", { class: "small soft" }, "A triangle is a value that is uncertain, or computed from less than all samples; a shaded stretch is a gap. Drag over a chart to look closer, double-click to go back; click on a point to learn about it."),
		note, ...figures];
}

/** Links to longer, shorter, earlier and later times. @param {string} name @param {any} detail what is shown */
function timeChoice(name, detail, query) {
	const address = (from, to) => `#/calculation/${encodeURIComponent(name)}?from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`;
	const length = detail.to - detail.from, LENGTHS = [["an hour", 3600000], ["a day", 86400000], ["a week", 604800000], ["30 days", 2592000000], ["a year", 31536000000]];
	return make("nav", { "aria-label": "Time that is shown" }, make("ul", {},
		LENGTHS.map(([title, wanted]) => make("li", {}, make("a", { href: address(detail.to - wanted, detail.to), "aria-current": wanted === length ? "true" : null }, title))),
		make("li", {}, make("a", { href: address(detail.from - length, detail.from) }, "earlier")),
		detail.to < plant.to ? make("li", {}, make("a", { href: address(detail.to, detail.to + length) }, "later")) : null,
		query.has("from") || query.has("to") ? make("li", {}, make("a", { href: `#/calculation/${encodeURIComponent(name)}` }, "up to now")) : null),
	make("p", { class: "small soft" }, "Shown are ", timeMark(detail.from), " to ", timeMark(detail.to), "."));
}

/** What a server tells of a calculation, of which the page itself has nothing: it appears once it is there. */
function askedDetail(name, query) {
	const shown = location.hash;
	const told = toldOf(name, query.get("from"), query.get("to"), () => { if (location.hash === shown && mayChange()) show(false); });
	return { detail: told?.data ?? null, trouble: told?.trouble ?? null };
}

function showCalculation(name, query) {
	const calculation = plant.byName.get(name);
	if (calculation === undefined)
		return { title: "Not found", contents: [make("h1", { tabindex: "-1" }, "No such calculation"), make("p", {}, "This page knows no calculation ", nameOf(name), ".")] };
	const { detail, trouble } = isLive ? askedDetail(name, query) : { detail: plant.details.get(name) ?? null, trouble: null };
	const traceback = detail?.traceback ?? (calculation.failure?.example === name ? calculation.failure.traceback : null);
	const message = detail?.message ?? calculation.message;
	return { title: name, contents: [
		make("h1", { tabindex: "-1" }, nameOf(name)),
		isFailing(calculation) ? make("article", { class: "card" }, make("h2", { class: "state bad" }, stateShape(calculation.state), calculation.failure?.type ?? words(calculation.state)),
			make("p", { class: "message" }, message ?? ""), traceback ? make("pre", { tabindex: "0" }, traceback) : null,
			calculation.failure && calculation.failure.calculations > 1 ? make("p", { class: "small" }, make("a", { href: `#/calculations?group=${calculation.group}` }, `${counted(calculation.failure.calculations, "calculation")} fail like this`)) : null) : null,
		stateTerms(calculation),
		make("p", {}, make("a", { href: "#/graph/" + encodeURIComponent(name) }, "Who it reads, and who reads it")),
		trouble ? make("p", { class: "note", role: "status" }, `Nothing newer of it: ${trouble}.`) : null,
		isLive && detail ? timeChoice(name, detail, query) : null,
		...(detail ? [...chartsOf(calculation, detail), ...owedOf(detail), ...definitionOf(calculation, detail), ...pastOf(detail)]
			: isLive ? [trouble ? null : make("p", { class: "soft" }, "Reading its definition, its series and its past windows …")]
			: [make("p", { class: "note" }, "Its definition, its series and its past windows are not in this file. ",
				make("span", { class: "code" }, `local-processing report -o report.html ${shellWord(name)}`), " makes one that has them.")]),
	] };
}
