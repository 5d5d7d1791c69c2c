/* What a server is asked about one thing when somebody looks at it: a calculation over a time, a point of a series. */
"use strict";

/** A server has sent the page, and knows newer figures. */
const isLive = location.protocol === "http:" || location.protocol === "https:";

/** @param {string} path @param {Record<string, string | null>} parameters @returns {Promise<any>} */
async function askFor(path, parameters) {
	const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== null));
	let answer;
	try {
		answer = await fetch(`${path}?${query}`, { cache: "no-store" });
	} catch {
		throw new Error("the server does not answer");
	}
	if (!answer.ok) throw new Error((await answer.text()).trim().split("\n")[0] || `the server says ${answer.status}`);
	return answer.json();
}

/** The calculations that were told of last, by name and time; the newest is at the end. @type {Map<string, {made: number, data: any, trouble: string | null}>} */
const tolds = new Map();
const TOLDS_MOST = 20;

/**
 * What is known of a calculation over a time, and asks for it if the plant has changed since.
 * @param {string} name @param {string | null} from @param {string | null} to @param {() => void} arrived
 */
function toldOf(name, from, to, arrived) {
	const key = JSON.stringify([name, from, to]), known = tolds.get(key);
	if (known === undefined || known.made !== plant.made) {
		const made = plant.made, calculation = plant.byName.get(name);
		const keep = (data, trouble) => {
			tolds.delete(key);
			tolds.set(key, { made, data, trouble });
			for (const oldest of [...tolds.keys()].slice(0, Math.max(0, tolds.size - TOLDS_MOST))) tolds.delete(oldest);
			arrived();
		};
		askFor("api/calculation", { name, from, to }).then((data) => keep(detailOf(data, calculation), null),
			(error) => keep(known?.data ?? null, error.message));
	}
	return known ?? null;
}

/** Where a point comes from, as `explain` says it. @param {any} why @returns {any[]} */
function explanationOf(why) {
	const computed = why.origin === "computed", when = (text) => text ? timeMark(Date.parse(text)) : null;
	return [
		termsOf([
			["Origin", why.origin === null ? why.no_result : computed ? make("span", {}, "computed", why.calculation ? make("span", {}, " by ", calculationLink(why.calculation)) : "") : why.origin],
			["Rule", why.rule ? make("span", {}, make("span", { class: "code" }, why.rule), why.rule_version ? `, version ${why.rule_version}` : "") : null],
			["Definition", why.definition_version ? `version ${why.definition_version}` : null],
			["Window", why.window_start ? make("span", {}, when(why.window_start), " to ", when(why.window_end)) : null],
			["Samples", why.samples !== null && why.samples !== undefined ? countText(why.samples) : null],
			["Pruned", why.pruned_to ? make("span", {}, "samples that it was computed from, up to ", when(why.pruned_to)) : null],
		]),
		why.inputs && why.inputs.length > 0 ? tableOf({ caption: "What it reads", rows: why.inputs, cards: true, columns: [
			{ title: "Input", show: (row) => nameOf(row.name || row.series) },
			{ title: "Series", show: (row) => nameOf(row.series) },
			{ title: "From", show: (row) => when(row.from) },
			{ title: "To", show: (row) => when(row.to) },
			{ title: "Good", number: true, show: (row) => countText(row.good) },
			{ title: "Missing", number: true, show: (row) => countText(row.missing) },
		] }) : null,
		why.computed && why.computed.length > 0 ? tableOf({ caption: "When its window was computed, newest first", rows: why.computed, cards: true, atOnce: 5, columns: [
			{ title: "For", show: (row) => when(row.tick) },
			{ title: "Run", number: true, show: (row) => String(row.run) },
			{ title: "Why", show: (row) => words(row.reason) },
			{ title: "State", show: (row) => stateMark(row.state) },
			{ title: "Samples", number: true, show: (row) => countText(row.samples_read) },
		] }) : null,
	];
}

/** Has a note say where a point comes from, once the server has told. */
function explainInto(place, series, time, shadow) {
	place.replaceChildren(make("p", { class: "soft" }, "Asking where it comes from …"));
	askFor("api/explain", { series, time, shadow: shadow ? "true" : null }).then(
		(why) => place.replaceChildren(...explanationOf(why).filter(Boolean)),
		(error) => place.replaceChildren(make("p", { class: "bad" }, `Where it comes from cannot be told: ${error.message}.`)));
}
