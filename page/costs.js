/* What is slow, and what is behind. */
"use strict";

function shareBar(share) {
	const bar = make("span", { class: "share", "aria-hidden": "true" });
	bar.style.width = `${(share * 6).toFixed(2)}rem`;
	return make("span", {}, bar, make("span", { class: "unseen" }, `${(share * 100).toFixed(1)} % of the most`));
}

function costTable(caption, rows, first) {
	const most = rows.reduce((most, row) => Math.max(most, row.seconds), 0);
	return tableOf({
		caption, rows, cards: true, atOnce: 25, sorted: 1, descending: true,
		columns: [first,
			{ title: "In all", number: true, sort: (row) => row.seconds, show: (row) => tookText(row.seconds) },
			{ title: "", show: (row) => most > 0 ? shareBar(row.seconds / most) : "" },
			{ title: "Windows", number: true, sort: (row) => row.windows, show: (row) => countText(row.windows) },
			{ title: "On average", number: true, sort: (row) => row.windows > 0 ? row.seconds / row.windows : null, show: (row) => row.windows > 0 ? tookText(row.seconds / row.windows) : "" },
			{ title: "At worst", number: true, sort: (row) => row.worst, show: (row) => tookText(row.worst) },
			{ title: "Failed", number: true, sort: (row) => row.failed, show: (row) => row.failed > 0 ? countText(row.failed) : "" },
		],
	});
}

function showCosts() {
	const spent = plant.calculations.filter((row) => row.windows > 0);
	const late = plant.calculations.filter((row) => row.lag === null || row.lag > 0 || row.waits)
		.sort((a, b) => (b.lag ?? Infinity) - (a.lag ?? Infinity) || (a.name < b.name ? -1 : 1));
	return { title: "Slow and late", contents: [
		make("h1", { tabindex: "-1" }, "Slow and late"),
		make("p", { class: "small soft" }, "Time in rules, for the minutes from ", timeMark(plant.from), " to ", timeMark(plant.to), ". What a rule's windows cost in reading and storing is in the charts of the runs."),
		make("h2", {}, "Behind the newest run"),
		late.length === 0 ? make("p", {}, plant.tick === null ? "There was no run yet." : "No calculation is behind, and none waits.") : tableOf({
			caption: "Calculations that are behind or wait", rows: late, cards: true, atOnce: 25,
			columns: [
				{ title: "Calculation", sort: (row) => row.name, show: (row) => calculationLink(row.name) },
				{ title: "Behind", number: true, sort: (row) => row.lag, show: (row) => row.lag === null ? "not computed yet" : row.lag > 0 ? lengthText(row.lag) : "not behind" },
				{ title: "Settled up to", sort: (row) => row.watermark, show: (row) => timeMark(row.watermark) },
				{ title: "Why", show: (row) => row.waits ?? (isFailing(row) ? "it fails" : "") },
			],
		}),
		make("h2", {}, "Rules"),
		spent.length === 0 ? make("p", {}, "No window was computed in this period.") : costTable("Rules by the time that they took", plant.rules.filter((rule) => rule.windows > 0),
			{ title: "Rule", sort: (row) => row.name, show: (row) => make("a", { class: "code", href: "#/calculations?rule=" + encodeURIComponent(row.name) }, row.name) }),
		make("h2", {}, "Calculations"),
		spent.length === 0 ? null : costTable("Calculations by the time that they took", spent,
			{ title: "Calculation", sort: (row) => row.name, show: (row) => calculationLink(row.name) }),
		leftOut(),
	] };
}
