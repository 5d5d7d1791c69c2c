/* Numbers, times and lengths as people read them. */
"use strict";

/** @type {string} the zone of the times that are shown; UTC where the browser does not know it */
let shownZone = "UTC";
/** @type {Intl.DateTimeFormat} */
let partsOfTime;

/** @param {string} zone */
function useZone(zone) {
	const options = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
		second: "2-digit", hourCycle: "h23" };
	try {
		partsOfTime = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone });
		shownZone = zone;
	} catch {
		partsOfTime = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" });
		shownZone = "UTC";
	}
}

/** @param {number} time milliseconds since 1970 @returns {Record<string, string>} */
function civil(time) {
	/** @type {Record<string, string>} */
	const parts = {};
	for (const part of partsOfTime.formatToParts(time)) parts[part.type] = part.value;
	return parts;
}

/** @param {number | null} time @returns {string} "2026-03-01 12:03", with seconds where there are any */
function timeText(time) {
	if (time === null) return "–";
	const at = civil(time);
	const seconds = time % 60000 === 0 ? "" : ":" + at.second;
	return `${at.year}-${at.month}-${at.day} ${at.hour}:${at.minute}${seconds}`;
}

/** @type {Map<number, number>} offsets from UTC, by hour: they change between hours only */
const offsets = new Map();

/** @param {number} time @returns {number} milliseconds to add to UTC */
function zoneOffset(time) {
	const quarter = Math.floor(time / 900000);
	let offset = offsets.get(quarter);
	if (offset === undefined) {
		const at = civil(quarter * 900000);
		offset = Date.UTC(+at.year, +at.month - 1, +at.day, +at.hour, +at.minute, +at.second) - quarter * 900000;
		offsets.set(quarter, offset);
	}
	return offset;
}

/** @param {number} count @returns {string} "1,234,567" */
function countText(count) {
	return count.toLocaleString("en-US");
}

/** @param {number} count @param {string} one @param {string} [many] @returns {string} "1 window", "3 windows" */
function counted(count, one, many) {
	return `${countText(count)} ${count === 1 ? one : many ?? one + "s"}`;
}

/** @param {number | null} seconds @returns {string} "0.39 s", "12 ms", "3 min 20 s", "2 days 4 h" */
function lengthText(seconds) {
	if (seconds === null) return "–";
	if (seconds === 0) return "0 s";
	if (seconds < 0.001) return `${(seconds * 1e6).toPrecision(3)} µs`;
	if (seconds < 1) return `${Number((seconds * 1e3).toPrecision(3))} ms`;
	if (seconds < 60) return `${Number(seconds.toPrecision(3))} s`;
	const units = [[86400, "day", "days"], [3600, "h", "h"], [60, "min", "min"], [1, "s", "s"]];
	const at = units.findIndex(([length]) => seconds >= /** @type {number} */ (length));
	const [large, one, many] = /** @type {[number, string, string]} */ (units[at]);
	const count = Math.floor(seconds / large);
	const [small, , name] = /** @type {[number, string, string]} */ (units[Math.min(at + 1, 3)]);
	const rest = Math.floor((seconds % large) / small);
	return `${countText(count)} ${count === 1 ? one : many}` + (rest > 0 && at < 3 ? ` ${rest} ${name}` : "");
}

/** @param {number} seconds as the store has them, in whole microseconds @returns {string} */
function tookText(seconds) {
	return seconds === 0 ? "< 1 µs" : lengthText(seconds);
}

/** @param {number | null} value @param {string} [unit] @returns {string} a value of a sample */
function valueText(value, unit) {
	if (value === null || Number.isNaN(value)) return "missing";
	return String(Number(value.toPrecision(10))) + (unit ? " " + unit : "");
}

/** @param {number} share of 1 @returns {string} "97 %"; never 100 % where something is missing */
function shareText(share) {
	const percent = share * 100;
	return `${percent < 100 ? Math.min(99.9, Math.floor(percent * 10) / 10) : 100} %`;
}

/** @param {string} text @returns {string} the words of a state or a reason */
function words(text) {
	return text.replace(/_/g, " ");
}

/** @param {string} text @returns {string} as a word of a shell */
function shellWord(text) {
	return /^[\w@%+=:,./-]+$/.test(text) ? text : "'" + text.replace(/'/g, "'\\''") + "'";
}
