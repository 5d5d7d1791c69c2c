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
	case "calculation": return showCalculation(decoded ?? "", new URLSearchParams(query));
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

const ASK_EVERY = 10000;
/** @type {string | null} of the figures that were read last */
let lastTag = null;
/** @type {any} figures that are not shown yet, because somebody is reading */
let waiting = null;

/** @param {any} data */
function use(data) {
	useZone(data.zone);
	offsets.clear();
	plant = plantOf(data);
	waiting = null;
	tellAbout(null);
	/** @type {HTMLElement} */ (document.getElementById("foot")).replaceChildren(make("p", {},
		`local-processing ${plant.program}. States are those of the moment this page was made; runs and costs are of the minutes from `, timeMark(plant.from), " to ", timeMark(plant.to), ". Charts are drawn with dygraphs."));
}

/** What the top of the page says, so that it is not said anew, and a button there keeps the focus. */
let told = "";

/** @param {string | null} trouble */
function tellAbout(trouble) {
	const telling = JSON.stringify([plant.made, waiting?.made, trouble]);
	if (telling === told) return;
	told = telling;
	/** @type {HTMLElement} */ (document.getElementById("about")).replaceChildren("Made ", timeMark(plant.made), ` of ${plant.store}. Times are of ${shownZone}`,
		shownZone === plant.zone ? "." : `: this browser does not know ${plant.zone}.`,
		isLive && trouble === null ? " Newer figures appear by themselves." : "",
		waiting === null ? "" : make("span", {}, " ", make("button", { type: "button", class: "link", click: () => { use(waiting); show(false); } }, `Show those of ${timeText(waiting.made)}`)),
		trouble === null ? "" : make("span", { class: "state late" }, " ", stateShape("tripped"), trouble));
}

/** Whether what is shown may change now: not while somebody types, has a note or a details open, or has chosen a text. */
function mayChange() {
	const main = /** @type {HTMLElement} */ (document.getElementById("main")), active = document.activeElement;
	const works = active !== null && main.contains(active) && active !== main && active.tagName !== "H1";
	return !works && main.querySelector("details[open], .note[aria-live]:not([hidden])") === null && String(getSelection()) === "";
}

async function ask() {
	try {
		const answer = await fetch("api/plant", { cache: "no-cache" });
		if (!answer.ok) throw new Error(`the server says ${answer.status}: ${(await answer.text()).trim()}`);
		const tag = answer.headers.get("ETag");
		if (tag !== lastTag || tag === null) {
			const data = await answer.json();
			lastTag = tag;
			if (data.made !== plant.made) waiting = data;
		}
		if (waiting !== null && mayChange()) {
			use(waiting);
			show(false);
		} else {
			tellAbout(null);
		}
	} catch (error) {
		tellAbout(`No newer figures: ${error instanceof TypeError ? "the server does not answer" : /** @type {Error} */ (error).message}.`);
	}
}

function start() {
	use(JSON.parse(/** @type {HTMLElement} */ (document.getElementById("data")).textContent ?? ""));
	/** @type {HTMLElement} */ (document.getElementById("skip")).addEventListener("click", (event) => {
		event.preventDefault();
		/** @type {HTMLElement} */ (document.getElementById("main")).focus();
	});
	window.addEventListener("hashchange", () => show(true));
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show(false));
	show(false);
	if (isLive) setInterval(() => { if (!document.hidden) ask(); }, ASK_EVERY);
	if (isLive) document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
}

start();
