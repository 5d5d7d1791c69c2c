/* Charts over time, drawn by dygraphs: runs as stacked bars, series as lines with what is missing marked. */
"use strict";

/* Its legend writes styles into markup, which the page's policy refuses; the page has legends of its own. */
Dygraph.PLUGINS = Dygraph.PLUGINS.filter((plugin) => plugin !== Dygraph.Plugins.Legend);

/** @type {any[]} the charts that are on the page: they go when it changes */
let drawn = [];

function forgetCharts() {
	for (const chart of drawn) chart.destroy();
	drawn = [];
}

/** @param {string} name @returns {string} a colour of the style sheet */
function colour(name) {
	return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800,
	345600, 604800, 1209600, 2592000, 7776000, 15552000, 31536000].map((seconds) => seconds * 1000);

/** Ticks at round local times of the plant's zone. */
function timeTicks(from, to, pixels) {
	const wanted = Math.max(2, Math.floor(pixels / 90));
	const step = STEPS.find((one) => (to - from) / one <= wanted) ?? STEPS[STEPS.length - 1];
	const ticks = [];
	let local = Math.ceil((from + zoneOffset(from)) / step) * step;
	for (let i = 0; i < 100; i++, local += step) {
		const time = local - zoneOffset(local - zoneOffset(local));
		if (time > to) break;
		if (time < from) continue;
		const at = civil(time);
		const midnight = at.hour === "00" && at.minute === "00" && at.second === "00";
		const label = step >= 2592000000 ? `${at.year}-${at.month}` : step >= 86400000 || midnight ? `${at.month}-${at.day}`
			: step < 60000 ? `${at.hour}:${at.minute}:${at.second}` : `${at.hour}:${at.minute}`;
		ticks.push({ v: time, label });
	}
	return ticks;
}

/** @param {number} value @returns {string} a number of an axis, short */
function axisNumber(value) {
	const size = Math.abs(value);
	if (size >= 1e9 || (size > 0 && size < 1e-4)) return value.toExponential(1);
	if (size >= 1e6) return Number((value / 1e6).toPrecision(4)) + "M";
	if (size >= 1e4) return Number((value / 1e3).toPrecision(4)) + "k";
	return String(Number(value.toPrecision(6)));
}

function commonOptions(figure) {
	return {
		labels: [], legend: "never", rightGap: 8, gridLineColor: colour("line"), axisLineColor: colour("strong-line"),
		axisLabelFontSize: 12, highlightCircleSize: 4, animatedZooms: false, showLabelsOnHighlight: false,
		axes: {
			x: { ticker: (from, to, pixels) => timeTicks(from, to, pixels), axisLabelFormatter: (value) => value, drawGrid: false, axisLabelWidth: 60 },
			y: { axisLabelFormatter: axisNumber, axisLabelWidth: 52 },
		},
		/* A page that is scrolled by wheel or finger must not be caught by a chart. */
		interactionModel: { ...Dygraph.defaultInteractionModel, touchstart: undefined, touchmove: undefined, touchend: undefined },
		unhighlightCallback: () => figure.idle(),
	};
}

/** @param {any} chart @param {HTMLElement} box */
function keep(chart, box) {
	drawn.push(chart);
	for (const canvas of box.querySelectorAll("canvas")) canvas.setAttribute("aria-hidden", "true");
	return chart;
}

/**
 * Stacked bars over ticks, one for each run.
 * @param {{title: string, unit: string, runs: any[], parts: {label: string, colour: string, of: (run: any) => number | null}[],
 *          show: (value: number) => string, axis?: (value: number) => string, none?: string}} description
 */
function barChart(description) {
	const { runs, parts } = description;
	const box = make("div", { class: "chart" }), legend = make("div", { class: "legend" });
	const figure = make("figure", {}, make("figcaption", {}, description.title, " ", make("span", { class: "soft" }, description.unit)), box, legend);
	const known = runs.filter((run) => parts.some((part) => part.of(run) !== null));
	if (known.length === 0) {
		box.replaceWith(make("p", { class: "soft" }, description.none ?? "Nothing is stored of it in this period."));
		return figure;
	}
	const key = (part, run) => make("span", {}, make("i", { style: null, class: "key" }), part.label,
		run === null ? "" : ": " + (part.of(run) === null ? "not known" : description.show(part.of(run))));
	const legendOf = (run) => {
		legend.replaceChildren(run === null ? "" : make("span", {}, timeText(run.tick), run.kind === "backfill" ? " backfill" : ""),
			...parts.map((part) => key(part, run)));
		const keys = legend.querySelectorAll("i");
		parts.forEach((part, at) => { keys[at].style.background = part.colour; });
	};
	figure.idle = () => legendOf(null);
	figure.idle();
	/* The largest sum is drawn first, so that the smaller ones lie before it. */
	const rows = known.map((run) => {
		const sums = [];
		let sum = 0;
		for (const part of parts) sums.unshift(sum += part.of(run) ?? 0);
		return [run.tick, ...sums];
	});
	let spacing = Infinity;
	for (let i = 1; i < rows.length; i++) if (rows[i][0] > rows[i - 1][0]) spacing = Math.min(spacing, rows[i][0] - rows[i - 1][0]);
	if (spacing === Infinity) spacing = 60000;
	const margin = spacing;
	queueMicrotask(() => {
		if (!box.isConnected) return;
		const common = commonOptions(figure);
		keep(new Dygraph(box, rows, {
			...common,
			labels: ["time", ...parts.map((part) => part.label).reverse()],
			colors: parts.map((part) => part.colour).reverse(),
			includeZero: true,
			...(description.axis ? { axes: { ...common.axes, y: { ...common.axes.y, axisLabelFormatter: description.axis } } } : {}),
			dateWindow: [rows[0][0] - margin, rows[rows.length - 1][0] + margin],
			plotter: (e) => {
				const width = Math.max(1, e.dygraph.toDomXCoord(spacing) - e.dygraph.toDomXCoord(0) - 1);
				const base = e.dygraph.toDomYCoord(0);
				e.drawingContext.fillStyle = e.color;
				for (const point of e.points)
					if (point.yval > 0) e.drawingContext.fillRect(point.canvasx - width / 2, point.canvasy, width, base - point.canvasy);
			},
			highlightCallback: (event, x) => legendOf(known.find((run) => run.tick === x) ?? null),
		}), box);
	});
	return figure;
}

/** What is missing of a chart's samples: pairs of times between which there should be some. */
function gapsOf(chart) {
	const gaps = [];
	if (chart.buckets) {
		let last = null;
		for (const [start, , , , good] of chart.buckets) {
			if (good === 0) continue;
			if (last !== null && start - last > 1.5 * chart.bucket && (chart.step === 0 || start - last - chart.bucket > 2.5 * chart.step))
				gaps.push([last + chart.bucket, start]);
			last = start;
		}
		return chart.step === 0 ? [] : gaps;
	}
	if (chart.step === 0) return [];
	const reach = chart.role === "output" ? 1.5 : 2.5;
	let last = null;
	chart.t.forEach((time, at) => {
		if (chart.v[at] === null || (chart.q && chart.q[at] === 2)) return;
		if (last !== null && time - last > reach * chart.step) gaps.push([last, time]);
		last = time;
	});
	return gaps;
}

/** One sentence, or some, about a series in its chart: what a screen reader has in place of the picture. */
function summaryOf(chart) {
	if (chart.samples === 0) return "No sample lies in this time.";
	const values = chart.buckets
		? chart.buckets.filter((one) => one[4] > 0).flatMap((one) => [one[2], one[3]])
		: chart.v.filter((value, at) => value !== null && (!chart.q || chart.q[at] !== 2));
	const parts = [counted(chart.samples, "sample")];
	if (values.length > 0) {
		let least = Infinity, most = -Infinity;
		for (const value of values) { least = Math.min(least, value); most = Math.max(most, value); }
		parts.push(`from ${valueText(least)} to ${valueText(most, chart.unit)}`);
	}
	const missing = chart.buckets ? chart.buckets.reduce((sum, one) => sum + one[5], 0) : chart.samples - values.length;
	if (missing > 0) parts.push(`${countText(missing)} missing (no number, or of bad quality)`);
	const uncertain = chart.buckets ? chart.buckets.filter((one) => one[6] === 1).length : (chart.q ?? []).filter((one) => one === 1).length;
	if (uncertain > 0) parts.push(chart.buckets ? `${counted(uncertain, "stretch", "stretches")} with uncertain ones` : `${countText(uncertain)} uncertain`);
	const coverages = chart.buckets ? chart.buckets.map((one) => one[7]).filter((one) => one !== null) : (chart.c ?? []).filter((one) => one !== null);
	if (coverages.length > 0) {
		const least = coverages.reduce((a, b) => Math.min(a, b), 1), low = coverages.filter((one) => one < 1).length;
		parts.push(low === 0 ? "coverage 100 % throughout" : `coverage below 100 % ${counted(low, "time")}, least ${shareText(least)}`);
	}
	const gaps = gapsOf(chart);
	if (gaps.length > 0)
		parts.push(`${counted(gaps.length, "gap")}, the longest ${lengthText(gaps.reduce((most, [from, to]) => Math.max(most, to - from), 0) / 1000)}`);
	return parts.join("; ") + ".";
}

/**
 * A series over time; a click on a point calls `chosen` with its time.
 * @param {any} chart @param {(chart: any, point: any) => void} chosen
 */
function seriesChart(chart, chosen) {
	const box = make("div", { class: "chart" }), legend = make("div", { class: "legend" });
	const role = chart.role === "output" ? "output" : "input";
	const figure = make("figure", { class: chart.role === "output" ? "wide" : null },
		make("figcaption", {}, nameOf(chart.series), " ", make("span", { class: "soft" }, role, chart.unit ? `, in ${chart.unit}` : "")), box, legend);
	figure.idle = () => { legend.textContent = summaryOf(chart); };
	figure.idle();
	if (chart.from > chart.wanted_from)
		legend.after(make("p", { class: "small soft" }, `From ${timeText(chart.from)} on: what is earlier would be too many samples for one chart.`));
	if (chart.samples === 0) {
		box.remove();
		return figure;
	}
	const gaps = gapsOf(chart);
	const points = chart.buckets
		? chart.buckets.map(([t, v, low, high, good, missing, q, c]) => ({ t: t + chart.bucket / 2, v, low, high, good, missing, q, c }))
		: chart.t.map((t, at) => ({ t, v: chart.v[at], low: chart.v[at], high: chart.v[at], q: chart.q ? chart.q[at] : 0, c: chart.c ? chart.c[at] : null }));
	const rows = [];
	for (const point of points) {
		const before = rows.length > 0 ? rows[rows.length - 1][0] : null;
		const gap = gaps.find(([from, to]) => before !== null && before <= from && point.t >= to);
		if (gap) rows.push([(gap[0] + gap[1]) / 2, null]);
		const missing = point.v === null || (point.q === 2 && !chart.buckets);
		rows.push([point.t, missing ? null : [point.low, point.v, point.high]]);
	}
	const few = !chart.buckets && points.length <= 300;
	const at = new Map(points.map((point) => [point.t, point]));
	const legendOf = (point) => {
		const parts = [timeText(point.t), valueText(point.v, chart.unit)];
		if (chart.buckets && point.v !== null) parts.push(`${valueText(point.low)} to ${valueText(point.high)} in ${counted(point.good, "sample")} of ${lengthText(chart.bucket / 1000)}`);
		if (point.q === 1) parts.push("uncertain");
		if (point.q === 2) parts.push("bad");
		if (point.c !== null && point.c !== undefined) parts.push(`coverage ${shareText(point.c)}`);
		legend.replaceChildren(...parts.map((part) => make("span", {}, part)));
	};
	const line = colour(chart.role === "output" ? "chart-1" : "chart-3"), warn = colour("chart-2"), band = colour("gap");
	queueMicrotask(() => {
		if (!box.isConnected) return;
		const graph = keep(new Dygraph(box, rows.map(([t, v]) => [t, v ?? [null, null, null]]), {
			...commonOptions(figure),
			labels: ["time", "value"], colors: [line], customBars: true, fillAlpha: 0.25, strokeWidth: 1.6,
			dateWindow: [chart.from, chart.to], drawPoints: few, pointSize: 2.5,
			/* A value, an uncertain one and one of low coverage have different shapes. */
			drawPointCallback: (g, name, context, x, y, color, size, index) => {
				const point = at.get(g.getValue(index, 0));
				const low = point && (point.q === 1 || (point.c !== null && point.c < 1));
				context.beginPath();
				context.strokeStyle = context.fillStyle = low ? warn : color;
				if (low) {
					context.moveTo(x, y - 5);
					context.lineTo(x + 4.5, y + 3.5);
					context.lineTo(x - 4.5, y + 3.5);
					context.closePath();
				} else {
					context.arc(x, y, size, 0, 2 * Math.PI);
				}
				context.fill();
			},
			underlayCallback: (context, area, g) => {
				context.fillStyle = band;
				for (const [from, to] of gaps) {
					const left = g.toDomXCoord(from), right = g.toDomXCoord(to);
					context.fillRect(left, area.y, Math.max(1, right - left), area.h);
				}
			},
			highlightCallback: (event, x) => { const point = at.get(x); if (point) legendOf(point); },
			pointClickCallback: (event, point) => { const found = at.get(point.xval); if (found) chosen(chart, found); },
			clickCallback: (event, x, hit) => { const found = hit.length > 0 ? at.get(hit[0].xval) : undefined; if (found) chosen(chart, found); },
		}), box);
		void graph;
	});
	return figure;
}
