/* Who reads whom: a drawing in columns by rank, and the same as lists. */
"use strict";

const NODE = { width: 270, height: 44, gapX: 80, gapY: 14 };
const DRAWN_MOST = 80;

function shortened(text, most) {
	const characters = [...text];
	return characters.length <= most ? text : characters.slice(0, most - 1).join("") + "…";
}

/** Puts the nodes of a column beside those that they are joined to, in their order, so that few lines cross. */
function placeColumn(column, joined) {
	for (const node of column) {
		const places = joined.get(node).map((other) => other.y).filter((y) => y !== undefined);
		node.wish = places.length === 0 ? Infinity : places.reduce((sum, y) => sum + y, 0) / places.length;
	}
	column.sort((a, b) => a.wish === b.wish ? (a.title < b.title ? -1 : 1) : a.wish - b.wish);
	let next = 2;
	for (const node of column) {
		node.y = node.wish === Infinity ? next : Math.max(next, node.wish);
		next = node.y + NODE.height + NODE.gapY;
	}
}

function place(nodes, edges) {
	const columns = [];
	for (const node of nodes) (columns[node.column] ??= []).push(node);
	const filled = columns.filter(Boolean);
	const sources = new Map(nodes.map((node) => [node, []])), targets = new Map(nodes.map((node) => [node, []]));
	for (const edge of edges) {
		sources.get(edge.to).push(edge.from);
		targets.get(edge.from).push(edge.to);
	}
	filled.forEach((column, x) => {
		for (const node of column) node.x = x * (NODE.width + NODE.gapX) + 2;
		placeColumn(column, sources);
	});
	/* What the first column is read by is placed by now. */
	placeColumn(filled[0], targets);
	return { width: filled.length * (NODE.width + NODE.gapX) - NODE.gapX + 4,
		height: nodes.reduce((most, node) => Math.max(most, node.y), 0) + NODE.height + 4 };
}

function drawNode(node) {
	const shape = node.state ? stateShape(node.state) : null;
	if (shape) fill(shape, { x: 10, y: 8, width: 14, height: 14 }, []);
	const inside = draw("g", { transform: `translate(${node.x} ${node.y})`, class: node.chosen ? "chosen" : node.href ? null : "measured" },
		draw("title", {}, `${node.title}${node.state ? `, ${words(node.state)}` : ""}`),
		draw("rect", { width: NODE.width, height: NODE.height, rx: 6 }), shape,
		draw("text", { x: shape ? 30 : 10, y: 19 }, shortened(node.title, shape ? 31 : 34)),
		draw("text", { x: 10, y: 36, class: "under" }, shortened(node.under, 42)));
	return node.href ? draw("a", { href: node.href, "aria-label": `${node.title}, ${node.under}${node.state ? `, ${words(node.state)}` : ""}` }, inside) : inside;
}

function drawGraph(label, nodes, edges) {
	const size = place(nodes, edges);
	const lines = edges.map(({ from, to }) => {
		const x1 = from.x + NODE.width, y1 = from.y + NODE.height / 2, x2 = to.x, y2 = to.y + NODE.height / 2, bend = Math.max(30, (x2 - x1) / 2);
		return draw("path", { class: "edge", d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}` });
	});
	return make("div", { class: "scroll", role: "region", "aria-label": label, tabindex: "0" },
		draw("svg", { class: "graph", width: size.width, height: size.height, viewBox: `0 0 ${size.width} ${size.height}`, role: "group", "aria-label": label }, lines, nodes.map(drawNode)));
}

function nodeOf(calculation, chosen) {
	return { title: calculation.name, under: `${calculation.rule}, every ${calculation.every}${calculation.mode === "shadow" ? ", in shadow" : ""}`, state: isFailing(calculation) && !FAILURES.includes(calculation.state) ? "failed" : calculation.state,
		column: calculation.rank + 1, href: (chosen ? "#/calculation/" : "#/graph/") + encodeURIComponent(calculation.name), chosen };
}

/** Calculations and what they read, as nodes; series that nobody writes stand in the first column. */
function graphOf(calculations, chosen) {
	const nodes = new Map(), measured = new Map(), edges = [];
	for (const calculation of calculations) nodes.set(calculation, nodeOf(calculation, calculation === chosen));
	for (const [calculation, node] of nodes) {
		for (const series of new Set(calculation.inputs)) {
			const writer = plant.writers.get(series);
			if (writer !== undefined && nodes.has(writer)) { edges.push({ from: nodes.get(writer), to: node }); continue; }
			if (writer !== undefined) continue;
			if (!measured.has(series)) measured.set(series, { title: plant.series[series], under: "measured", column: 0 });
			edges.push({ from: measured.get(series), to: node });
		}
	}
	return [[...measured.values(), ...nodes.values()], edges];
}

/** All that a calculation reads, and all that reads it, as far as it goes. */
function around(chosen) {
	const up = new Set(), down = new Set();
	const walk = (from, found, next) => {
		const waiting = [from];
		while (waiting.length > 0)
			for (const other of next(waiting.pop()))
				if (other !== chosen && !found.has(other)) { found.add(other); waiting.push(other); }
	};
	walk(chosen, up, (one) => one.inputs.map((series) => plant.writers.get(series)).filter(Boolean));
	walk(chosen, down, (one) => one.outputs.flatMap((series) => plant.readers.get(series) ?? []));
	return { up: [...up], down: [...down] };
}

function linkList(title, calculations) {
	if (calculations.length === 0) return null;
	return make("details", { open: calculations.length <= 20 }, make("summary", {}, `${title} (${countText(calculations.length)})`),
		make("ul", {}, calculations.slice(0, 500).map((one) => make("li", {}, stateMark(one.state), " ", calculationLink(one.name)))),
		calculations.length > 500 ? make("p", { class: "small soft" }, `The first 500 of ${countText(calculations.length)}.`) : null);
}

/** Where there are many: one node for the calculations of a rule and a rank. */
function graphOfRules() {
	const nodes = new Map(), edges = new Map();
	const key = (calculation) => `${calculation.rank} ${calculation.rule}`;
	for (const calculation of plant.calculations) {
		const node = nodes.get(key(calculation)) ?? { title: calculation.rule, count: 0, failing: 0, column: calculation.rank, href: "#/calculations?rule=" + encodeURIComponent(calculation.rule) };
		node.count++;
		node.failing += isFailing(calculation) ? 1 : 0;
		nodes.set(key(calculation), node);
	}
	for (const calculation of plant.calculations)
		for (const series of calculation.inputs) {
			const writer = plant.writers.get(series);
			if (writer !== undefined) edges.set(`${key(writer)} > ${key(calculation)}`, { from: nodes.get(key(writer)), to: nodes.get(key(calculation)) });
		}
	for (const node of nodes.values()) {
		node.under = counted(node.count, "calculation") + (node.failing > 0 ? `, ${countText(node.failing)} fail` : "");
		node.state = node.failing > 0 ? "failed" : "ok";
	}
	return [[...nodes.values()].slice(0, DRAWN_MOST), [...edges.values()], nodes.size];
}

function showGraph(name) {
	if (name !== null) {
		const chosen = plant.byName.get(name);
		if (chosen === undefined) return showCalculation(name);
		const { up, down } = around(chosen);
		const shown = [chosen, ...up.slice(0, DRAWN_MOST / 2), ...down.slice(0, DRAWN_MOST / 2)];
		const [nodes, edges] = graphOf(shown, chosen);
		return { title: `Around ${name}`, contents: [
			make("h1", { tabindex: "-1" }, "Around ", nameOf(name)),
			make("p", {}, calculationLink(name), " itself, or ", make("a", { href: "#/graph" }, "the whole graph"), ". A box with a dashed line is a series that is measured."),
			drawGraph(`What ${name} reads, and who reads it`, nodes, edges),
			shown.length < up.length + down.length + 1 ? make("p", { class: "note" }, `${countText(shown.length)} of ${countText(up.length + down.length + 1)} are drawn; the lists have all.`) : null,
			linkList("It depends on", up), linkList("What depends on it", down),
			up.length + down.length === 0 ? make("p", {}, "It reads no other calculation, and none reads it.") : null,
		] };
	}
	const few = plant.calculations.length <= DRAWN_MOST;
	const [nodes, edges, all] = few ? [...graphOf(plant.calculations, null), 0] : graphOfRules();
	const drawnNodes = new Set(nodes);
	return { title: "Who reads whom", contents: [
		make("h1", { tabindex: "-1" }, "Who reads whom"),
		make("p", {}, few ? "Each box is a calculation, and leads to what is around it; one with a dashed line is a series that is measured. Each column reads what stands before it."
			: "There are too many calculations for one drawing: a box stands for those of one rule and rank. What is around a calculation is drawn on its own page."),
		!few && all > nodes.length ? make("p", { class: "note" }, `${countText(nodes.length)} of ${countText(all)} boxes are drawn.`) : null,
		nodes.length === 0 ? make("p", {}, "There are no calculations yet.") : drawGraph("Who reads whom", nodes, edges.filter((edge) => drawnNodes.has(edge.from) && drawnNodes.has(edge.to))),
	] };
}
