/* Which part of the page is shown: the address behind # says it, so that links and the back button work. */
"use strict";

const PARTS = [["#/", "Overview"], ["#/calculations", "Calculations"], ["#/costs", "Slow and late"], ["#/graph", "Graph"]];

/** @returns {{title: string, contents: any[]}} */
function partOf(address) {
	const [path, query] = address.replace(/^#/, "").split("?");
	const [, part, name] = /^\/?([a-z]*)(?:\/(.*))?$/.exec(path) ?? [null, "", undefined];
	let decoded = null;
	try {
		decoded = name === undefined || name === "" ? null : decodeURIComponent(name);
	} catch {
		decoded = name ?? null;
	}
	switch (part) {
	case "calculations": return showCalculations(new URLSearchParams(query));
	case "calculation": return showCalculation(decoded ?? "");
	case "costs": return showCosts();
	case "graph": return showGraph(decoded);
	default: return showOverview();
	}
}

function navigation() {
	const part = location.hash.replace(/[?].*$/, "");
	const current = part.startsWith("#/calculation") ? "#/calculations" : part.startsWith("#/graph") ? "#/graph" : part.startsWith("#/costs") ? "#/costs" : "#/";
	/** @type {HTMLElement} */ (document.getElementById("nav")).replaceChildren(...PARTS.map(([href, title]) =>
		make("li", {}, make("a", { href, "aria-current": href === current ? "page" : null }, title))));
}

/** @param {boolean} moved somebody went there: the focus follows */
function show(moved) {
	const main = /** @type {HTMLElement} */ (document.getElementById("main"));
	forgetCharts();
	navigation();
	const { title, contents } = partOf(location.hash);
	document.title = `${title} – local-processing`;
	main.replaceChildren(...contents.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false));
	if (!moved) return;
	window.scrollTo(0, 0);
	/** @type {HTMLElement | null} */ (main.querySelector("h1"))?.focus({ preventScroll: true });
}

function start() {
	const data = JSON.parse(/** @type {HTMLElement} */ (document.getElementById("data")).textContent ?? "");
	useZone(data.zone);
	plant = plantOf(data);
	/** @type {HTMLElement} */ (document.getElementById("about")).replaceChildren("Made ", timeMark(plant.made), ` of ${plant.store}. Times are of ${shownZone}`,
		shownZone === plant.zone ? "." : `: this browser does not know ${plant.zone}.`);
	/** @type {HTMLElement} */ (document.getElementById("foot")).replaceChildren(make("p", {},
		`local-processing ${plant.program}. States are those of the moment this page was made; runs and costs are of the minutes from `, timeMark(plant.from), " to ", timeMark(plant.to), ". Charts are drawn with dygraphs."));
	/** @type {HTMLElement} */ (document.getElementById("skip")).addEventListener("click", (event) => {
		event.preventDefault();
		/** @type {HTMLElement} */ (document.getElementById("main")).focus();
	});
	window.addEventListener("hashchange", () => show(true));
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show(false));
	show(false);
}

start();
