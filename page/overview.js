/* The first part: whether all is well, what fails, the last runs. */
"use strict";

function verdictOf() {
	const total = plant.calculations.length + sumOf(plant.states), failing = plant.failing;
	if (total === 0) return ["new", "There are no calculations yet"];
	if (failing > 0) return ["failed", `${countText(failing)} of ${counted(sumOf(plant.states), "calculation")} ${failing === 1 ? "fails" : "fail"}`];
	if (plant.breakers.length > 0) return ["tripped", `${counted(plant.breakers.length, "rule")} stopped`];
	if (plant.calculations.some((calculation) => calculation.mode === "live" && calculation.lag > 0)) return ["waiting", "Nothing fails, but some calculations are behind"];
	const live = sumOf(plant.states);
	return live === 0 ? ["new", "All calculations are in shadow"] : ["ok", live === 1 ? "The one calculation works" : `All ${countText(live)} calculations work`];
}

function sumOf(states) {
	return Object.values(states).reduce((sum, count) => sum + count, 0);
}

/** @param {any} run @returns {HTMLElement} a sentence about a run */
function runSentence(run) {
	const took = run.ended === null ? "" : ` in ${lengthText((run.ended - run.started) / 1000)}`;
	return make("p", {}, `Last run: ${run.run}, for `, timeMark(run.tick), `, ${run.result}${took}, `,
		counted(run.windows, "window"), run.failing > 0 ? `, ${countText(run.failing)} failed` : "",
		`; it began ${lengthText(Math.max(0, Math.floor((plant.made - run.started) / 1000)))} before this page was made.`,
		run.error ? make("span", { class: "bad" }, ` ${run.error}`) : "");
}

function stateTiles() {
	return make("ul", { class: "tiles" }, STATE_ORDER.filter((state) => plant.states[state] > 0).map((state) => make("li", {},
		make("a", { href: `#/calculations?state=${state}${plant.shadow > 0 ? "&mode=live" : ""}` }, make("b", {}, countText(plant.states[state])), stateMark(state)))));
}

/** @param {any} failure @param {number} group */
function failureCard(failure, group) {
	const members = plant.calculations.filter((calculation) => calculation.group === group);
	const others = members.filter((calculation) => calculation.name !== failure.example);
	return make("article", { class: "card" },
		make("h3", {}, stateMark("failed"), " ", failure.type ?? "Failure", failure.mode === "shadow" ? make("span", { class: "soft" }, "in shadow") : null),
		make("p", { class: "message" }, failure.message ?? ""),
		make("p", { class: "small soft" }, `Rule `, make("span", { class: "code" }, failure.rule), `, since `, timeMark(failure.since), `, `,
			failure.calculations === 1 ? make("span", {}, "calculation ", calculationLink(failure.example)) : make("span", {}, counted(failure.calculations, "calculation"), ", for example ", calculationLink(failure.example))),
		failure.traceback ? make("details", {}, make("summary", {}, "Traceback"), make("pre", { tabindex: "0" }, failure.traceback)) : null,
		others.length > 0 ? make("details", {}, make("summary", {}, others.length === 1 ? "The other calculation" : `The other ${countText(others.length)} calculations`),
			make("ul", {}, others.slice(0, 100).map((calculation) => make("li", {}, calculationLink(calculation.name),
				calculation.message !== failure.message ? make("span", { class: "soft small" }, " ", calculation.message ?? "") : ""))),
			others.length > 100 ? make("p", {}, make("a", { href: `#/calculations?group=${group}` }, `All ${countText(members.length)}`)) : null) : null);
}

function failureCards() {
	const cards = plant.failures.slice(0, 20).map(failureCard);
	const more = plant.failures.length - cards.length;
	return [make("h2", {}, "What fails"),
		plant.failures.length === 0 ? make("p", {}, "No calculation fails.") : null,
		plant.failures.some((failure) => failure.calculations > 1) ? make("p", { class: "small soft" },
			"Failures of one rule whose messages differ only in numbers and in what stands in quotes are one.") : null,
		...cards,
		more > 0 ? make("p", {}, `${counted(more, "more kind")} of failure: `, make("a", { href: "#/calculations?state=failing" }, "all calculations that fail"), ".") : null];
}

function breakerCards() {
	if (plant.breakers.length === 0) return [];
	return [make("h2", {}, "Rules that are stopped"), ...plant.breakers.map((breaker) => make("article", { class: "card stopped" },
		make("h3", {}, stateMark("tripped"), " ", make("span", { class: "code" }, breaker.rule)),
		make("p", {}, `Since `, timeMark(breaker.since), `: ${countText(breaker.failed)} of ${counted(breaker.of, "calculation")} failed in one run, ${counted(breaker.trials, "trial")} failed since. It is tried each minute, and goes on by itself once that works.`),
		breaker.error ? make("p", { class: "message" }, breaker.error) : null))];
}

/** Seconds from a minute to the end of its run; null: it has not ended, or was for a minute of long ago (`run --at`). */
function lagOfRun(run) {
	return run.ended === null || run.started - run.tick > 86400000 ? null : Math.max(0, (run.ended - run.tick) / 1000);
}

function runCharts() {
	const runs = plant.runs;
	if (runs.length === 0) return make("p", {}, "No run is stored for this period.");
	const states = STATE_ORDER.filter((state) => runs.some((run) => run.states[state] > 0)).reverse();
	const shades = { ok: "chart-3", no_data: "none", failed: "bad", timed_out: "chart-2", crashed: "worse", given_up: "worse", waiting: "late", tripped: "late", interrupted: "line", new: "none", disabled: "none" };
	const stages = [["planning", "chart-4"], ["fetch", "chart-1"], ["compute", "chart-2"], ["commit", "chart-3"]];
	const minutes = runs.filter((run) => run.kind === "run");
	return make("div", { class: "charts" },
		barChart({ title: "Windows by state", unit: "per run", runs, show: countText,
			parts: states.map((state) => ({ label: words(state), colour: colour(shades[state]), of: (run) => run.states[state] ?? 0 })) }),
		barChart({ title: "Time by stage", unit: "of work per run, summed over threads", runs, show: lengthText, axis: lengthText,
			parts: stages.map(([stage, shade]) => ({ label: stage, colour: colour(shade), of: (run) => run[stage] })) }),
		barChart({ title: "Lag", unit: "from the minute to the end of its run", runs: minutes, show: lengthText, axis: lengthText,
			none: "The runs of this period were for minutes that lay more than a day back: that is no lag.",
			parts: [{ label: "ended after", colour: colour("chart-1"), of: lagOfRun }] }));
}

function runTable() {
	return tableOf({
		caption: "Runs of the period", rows: plant.runs.slice().reverse(), atOnce: 20, cards: true,
		columns: [
			{ title: "Run", show: (run) => `${run.run}${run.kind === "backfill" ? " backfill" : ""}` },
			{ title: "For", show: (run) => timeMark(run.tick) },
			{ title: "Result", show: (run) => run.error ? `${run.result}: ${run.error}` : run.result },
			{ title: "Took", number: true, show: (run) => run.ended === null ? "" : lengthText((run.ended - run.started) / 1000) },
			{ title: "Windows", number: true, show: (run) => countText(run.windows) },
			{ title: "Failed", number: true, show: (run) => countText(run.failing) },
			{ title: "Again", number: true, show: (run) => countText(run.recomputed) },
			{ title: "Still due", number: true, show: (run) => countText(run.still_due) },
			{ title: "Samples read", number: true, show: (run) => countText(run.samples_read) },
			{ title: "Written", number: true, show: (run) => countText(run.samples_written) },
			{ title: "By stage", show: (run) => run.planning === null ? "" : `planning ${lengthText(run.planning)}, fetch ${lengthText(run.fetch)}, compute ${lengthText(run.compute)}, commit ${lengthText(run.commit)}` },
		],
	});
}

function leftOut() {
	if (plant.left_out.length === 0) return null;
	return make("div", { class: "note" }, make("p", {}, "Not everything is on this page:"),
		make("ul", {}, plant.left_out.map((one) => make("li", {}, `${one.what}: ${countText(one.shown)} of ${countText(one.of)}`))));
}

function showOverview() {
	const [state, sentence] = verdictOf();
	const lagging = plant.calculations.filter((calculation) => calculation.mode === "live" && calculation.lag > 0).length;
	return { title: sentence, contents: [
		make("h1", { class: "verdict", tabindex: "-1" }, stateShape(state), sentence),
		plant.lastRun ? runSentence(plant.lastRun) : make("p", {}, "There was no run yet."),
		lagging > 0 ? make("p", {}, make("a", { href: "#/costs" }, `${counted(lagging, "calculation")} behind the newest run`)) : null,
		stateTiles(),
		plant.shadow > 0 ? make("p", {}, make("a", { href: "#/calculations?mode=shadow" }, `${counted(plant.shadow, "calculation")} in shadow`),
			plant.shadow_failing > 0 ? `, ${countText(plant.shadow_failing)} of them ${plant.shadow_failing === 1 ? "fails" : "fail"}` : "", "; they count nowhere else.") : null,
		...breakerCards(),
		...failureCards(),
		make("h2", {}, "Runs"),
		make("p", { class: "small soft" }, "For the minutes from ", timeMark(plant.from), " to ", timeMark(plant.to), "."),
		runCharts(),
		plant.runs.length > 0 ? make("details", {}, make("summary", {}, "Runs as a table"), runTable()) : null,
		leftOut(),
	] };
}
