/* Elements of the page. Whatever comes from data is a text node: no name can be markup. */
"use strict";

const SVG = "http://www.w3.org/2000/svg";

/**
 * Makes an element with attributes (null and false: left out; a function: a listener) and children.
 * @param {string} tag @param {Record<string, any>} [attributes] @param {...any} children
 * @returns {any}
 */
function make(tag, attributes = {}, ...children) {
	return fill(document.createElement(tag), attributes, children);
}

/** @param {string} tag @param {Record<string, any>} [attributes] @param {...any} children @returns {any} */
function draw(tag, attributes = {}, ...children) {
	return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
	for (const [name, value] of Object.entries(attributes)) {
		if (value === null || value === undefined || value === false) continue;
		if (typeof value === "function") element.addEventListener(name, value);
		else element.setAttribute(name, value === true ? "" : value);
	}
	for (const child of children.flat(Infinity))
		if (child !== null && child !== undefined && child !== false) element.append(child);
	return element;
}

/** Each state: its kind of colour, its shape, and what it means (docs/operating.md). */
const STATES = {
	failed: ["bad", "cross"], timed_out: ["bad", "clock"], crashed: ["worse", "burst"], given_up: ["worse", "block"],
	tripped: ["late", "triangle"], waiting: ["late", "pause"], interrupted: ["late", "half"],
	no_data: ["none", "ring"], new: ["none", "plus"], disabled: ["none", "dash"], ok: ["ok", "check"],
};
const STATE_ORDER = Object.keys(STATES);
const FAILURES = ["failed", "timed_out", "crashed", "given_up"];

const SHAPES = {
	check: ["M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zm3.6 4.9-4.3 5-3-2.7 1-1.1 1.9 1.7 3.3-3.9z", true],
	cross: ["M2 2h12v12H2zM5.6 4.2 4.2 5.6 6.6 8l-2.4 2.4 1.4 1.4L8 9.4l2.4 2.4 1.4-1.4L9.4 8l2.4-2.4-1.4-1.4L8 6.6z", true],
	clock: ["M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM7.2 4h1.6v4l2.6 2-1 1.2-3.2-2.5z", true],
	burst: ["M8 0l1.8 4 4-1.6L12.2 6.3 16 8l-3.8 1.7 1.6 4-4-1.6L8 16l-1.8-3.9-4 1.6 1.6-4L0 8l3.8-1.7-1.6-4 4 1.7z", true],
	block: ["M2 2h12v12H2zM4.5 7v2h7V7z", true],
	triangle: ["M8 1l7.5 13.5H.5zM7.2 6v4.5h1.6V6zm0 5.6v1.5h1.6v-1.5z", true],
	pause: ["M3 2h3.6v12H3zM9.4 2H13v12H9.4z", false],
	half: ["M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zm0 1.8a5.2 5.2 0 0 1 0 10.4z", true],
	ring: ["M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zm0 2a5 5 0 1 1 0 10A5 5 0 0 1 8 3z", true],
	plus: ["M6.8 2h2.4v4.8H14v2.4H9.2V14H6.8V9.2H2V6.8h4.8z", false],
	dash: ["M1.5 6.6h13v2.8h-13z", false],
};

/** @param {string} state @returns {SVGElement} its shape, in its colour */
function stateShape(state) {
	const [colour, shape] = STATES[state] ?? ["none", "ring"];
	const [path, holes] = SHAPES[shape];
	return draw("svg", { viewBox: "0 0 16 16", class: colour, "aria-hidden": "true", focusable: "false" },
		draw("path", { d: path, fill: "currentColor", "fill-rule": holes ? "evenodd" : null }));
}

/** @param {string} state @returns {HTMLElement} its shape and its word */
function stateMark(state) {
	return make("span", { class: `state ${(STATES[state] ?? ["none"])[0]}` }, stateShape(state), words(state));
}

/** @param {string} name @returns {HTMLElement} a name of somebody's, which cannot reorder what stands around it */
function nameOf(name) {
	return make("span", { class: "name" }, name);
}

/** @param {string} name @returns {HTMLElement} */
function calculationLink(name) {
	return make("a", { href: "#/calculation/" + encodeURIComponent(name), class: "name" }, name);
}

/** @param {number | null} time @returns {HTMLElement} */
function timeMark(time) {
	if (time === null) return make("span", { class: "soft" }, "–");
	return make("time", { class: "time", datetime: new Date(time).toISOString() }, timeText(time));
}

/** @param {string} text what a screen reader says */
function say(text) {
	/** @type {HTMLElement} */ (document.getElementById("said")).textContent = text;
}

/**
 * A table whose rows come a hundred at a time.
 * @param {{caption: string, columns: {title: string, number?: boolean, sort?: (row: any) => any, show: (row: any) => any}[],
 *          rows: any[], cards?: boolean, atOnce?: number, sorted?: number, descending?: boolean}} description
 */
function tableOf(description) {
	const { columns, atOnce = 100 } = description;
	let rows = description.rows.slice(), sorted = description.sorted ?? -1, descending = description.descending ?? false, shown = 0;
	const body = make("tbody"), more = make("p"), head = make("tr");
	const box = make("div", { class: description.cards ? "scroll cards" : "scroll", role: "region", tabindex: "0", "aria-label": description.caption });

	const cellOf = (column, row, at) => {
		const content = column.show(row);
		const empty = content === null || content === "" || content === undefined;
		return make(at === 0 ? "th" : "td", { scope: at === 0 ? "row" : null, "data-label": at === 0 ? null : column.title,
			class: [column.number ? "number" : "", empty ? "empty" : ""].join(" ").trim() || null }, content);
	};
	const add = () => {
		for (const row of rows.slice(shown, shown + atOnce))
			body.append(make("tr", {}, columns.map((column, at) => cellOf(column, row, at))));
		shown = Math.min(rows.length, shown + atOnce);
		more.replaceChildren();
		if (shown < rows.length)
			more.append(`${countText(shown)} of ${countText(rows.length)} shown. `,
				make("button", { class: "plain", type: "button", click: add }, `Show ${countText(Math.min(atOnce, rows.length - shown))} more`));
	};
	const order = () => {
		const key = sorted < 0 ? undefined : columns[sorted].sort;
		if (key) {
			const keyed = rows.map((row, at) => ({ row, at, key: key(row) }));
			const sign = descending ? -1 : 1;
			keyed.sort((a, b) => a.key === b.key ? a.at - b.at : a.key === null ? 1 : b.key === null ? -1 : a.key < b.key ? -sign : sign);
			rows = keyed.map((one) => one.row);
		}
		body.replaceChildren();
		shown = 0;
		add();
		head.replaceChildren(...columns.map((column, at) => make("th", { scope: "col", class: column.number ? "number" : null,
			"aria-sort": at === sorted ? descending ? "descending" : "ascending" : null },
		column.sort ? make("button", { type: "button", click: () => {
			descending = at === sorted ? !descending : Boolean(column.number);
			sorted = at;
			order();
			head.children[at].querySelector("button").focus();
		} }, column.title, at === sorted ? descending ? " ▾" : " ▴" : "") : column.title)));
	};
	order();
	box.append(make("table", {}, make("caption", { class: "unseen" }, description.caption), make("thead", {}, head), body));
	return make("div", {}, box, more);
}
