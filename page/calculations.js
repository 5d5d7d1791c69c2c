/* All calculations: searched, filtered, the failing ones first. */
"use strict";

/** What failing, waiting and lagging ones come before. */
function urgencyOf(calculation) {
	return isFailing(calculation) ? 0 : calculation.state === "tripped" ? 1 : calculation.state === "waiting" || calculation.lag > 0 || calculation.waits ? 2
		: calculation.pending > 0 || calculation.owed > 0 ? 3 : calculation.state === "ok" ? 5 : 4;
}

function matches(calculation, filter) {
	return (!filter.mode || calculation.mode === filter.mode) && filter.words.every((word) => calculation.found.includes(word))
		&& (!filter.rule || calculation.rule === filter.rule)
		&& (!filter.state || (filter.state === "failing" ? isFailing(calculation) : calculation.state === filter.state))
		&& (filter.group === null || calculation.group === filter.group)
		&& (!filter.label || Object.entries(calculation.labels).some(([name, value]) => filter.label === name || `${name}=${value}` === filter.label));
}

function calculationTable(calculations) {
	return tableOf({
		caption: "Calculations", rows: calculations, cards: true,
		columns: [
			{ title: "Name", sort: (row) => row.name, show: (row) => make("div", { class: "long" }, calculationLink(row.name), make("div", { class: "small soft" }, [row.mode === "shadow" ? "in shadow" : "", labelText(row)].filter(Boolean).join("; "))) },
			{ title: "State", sort: (row) => STATE_ORDER.indexOf(row.state), show: (row) => make("div", {}, stateMark(row.state),
				row.state === "ok" && !isFailing(row) ? "" : make("div", { class: "small soft" }, "since ", timeMark(row.failing_since ?? row.since))) },
			{ title: "Why", show: (row) => isFailing(row) ? make("span", { class: "message" }, `${row.failure?.type ?? ""}${row.message ? ": " + row.message.split("\n")[0].slice(0, 200) : ""}`)
				: row.state === "waiting" && row.waits ? `waits for ${row.waits}, which failed` : row.waits ?? "" },
			{ title: "Last window to", sort: (row) => row.window_end, show: (row) => row.window_end === null ? "" : timeMark(row.window_end) },
			{ title: "Took", number: true, sort: (row) => row.duration, show: (row) => row.duration === null ? "" : tookText(row.duration) },
			{ title: "Behind", number: true, sort: (row) => row.lag, show: (row) => row.lag > 0 ? lengthText(row.lag) : "" },
			{ title: "Owed", number: true, sort: (row) => row.pending + row.owed, show: (row) => row.pending > 0 ? countText(row.pending) : row.owed > 0 ? "again" : "" },
			{ title: "Rule", sort: (row) => row.rule, show: (row) => make("span", { class: "code" }, row.rule) },
		],
	});
}

function showCalculations(query) {
	const labels = new Set();
	for (const calculation of plant.calculations)
		for (const [name, value] of Object.entries(calculation.labels)) if (labels.size < 500) labels.add(`${name}=${value}`);
	const rules = [...new Set(plant.calculations.map((calculation) => calculation.rule))].sort();
	const states = STATE_ORDER.filter((state) => plant.states[state] > 0);
	const results = make("div");
	const text = make("input", { type: "search", id: "search", value: query.get("q") ?? "", autocomplete: "off", spellcheck: "false" });
	const option = (value, title, chosen) => make("option", { value, selected: value === chosen }, title);
	const rule = make("select", { id: "rule" }, option("", "any", query.get("rule") ?? ""), rules.map((name) => option(name, name, query.get("rule"))));
	const state = make("select", { id: "state" }, option("", "any", query.get("state") ?? ""), option("failing", "failing, of any kind", query.get("state")),
		states.map((name) => option(name, words(name), query.get("state"))));
	const label = make("input", { id: "label", list: "labels", value: query.get("label") ?? "", autocomplete: "off", placeholder: labels.size > 0 ? "NAME=VALUE" : "none is given" });
	const group = query.get("group") === null ? null : Number(query.get("group"));
	const ordered = plant.calculations.map((calculation, at) => ({ calculation, at, urgency: urgencyOf(calculation) }))
		.sort((a, b) => a.urgency - b.urgency || a.at - b.at).map((one) => one.calculation);
	const mode = make("select", { id: "mode" }, option("", "live and in shadow", query.get("mode") ?? ""), option("live", "live", query.get("mode")), option("shadow", "in shadow", query.get("mode")));
	const count = make("p", { class: "small soft" });
	const search = () => {
		const filter = { words: text.value.toLowerCase().split(/\s+/).filter(Boolean), rule: rule.value, state: state.value, mode: mode.value, label: label.value.trim(), group };
		const found = ordered.filter((calculation) => matches(calculation, filter));
		const kept = new URLSearchParams();
		for (const [name, value] of [["q", text.value], ["rule", rule.value], ["state", state.value], ["mode", mode.value], ["label", label.value.trim()], ["group", group]])
			if (value !== "" && value !== null) kept.set(name, String(value));
		history.replaceState(null, "", "#/calculations" + (kept.size > 0 ? "?" + kept : ""));
		count.textContent = `${countText(found.length)} of ${counted(ordered.length, "calculation")}`;
		results.replaceChildren(found.length === 0 ? make("p", {}, "No calculation is like that.") : calculationTable(found));
		say(count.textContent);
	};
	for (const field of [text, rule, state, label, mode]) field.addEventListener("input", search);
	search();
	return { title: "Calculations", contents: [
		make("h1", { tabindex: "-1" }, "Calculations"),
		make("form", { class: "filters", role: "search", submit: (event) => event.preventDefault() },
			make("label", { for: "search" }, "Name has", text), make("label", { for: "state" }, "State", state),
			make("label", { for: "rule" }, "Rule", rule), make("label", { for: "label" }, "Label", label),
			plant.shadow > 0 ? make("label", { for: "mode" }, "Mode", mode) : null,
			make("datalist", { id: "labels" }, [...labels].map((one) => make("option", { value: one })))),
		group !== null && plant.failures[group] ? make("p", { class: "note" }, `Only those that fail like ${plant.failures[group].example}. `, make("a", { href: "#/calculations" }, "All")) : null,
		count, results, leftOut(),
	] };
}
