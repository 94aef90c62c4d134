// Numbers, times and texts as people read them.

const MINUS = "\u2212", MISSING = "\u2013";

/** At most six significant digits; integers whole. */
function formatNumber(value, digits = 6) {
  value = number(value);
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "\u221e" : MINUS + "\u221e";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e15) return String(value).replace("-", MINUS);
  const text = size !== 0 && (size < 1e-4 || size >= 1e7)
    ? value.toExponential(digits - 1).replace(/\.?0+e/, "e").replace("e+", "e")
    : String(Number(value.toPrecision(digits)));
  return text.replaceAll("-", MINUS);
}

function formatValue(value) {
  if (value === undefined || value === null) return MISSING;
  if (value === "") return "\"\"";
  if (isNumber(value)) return formatNumber(value);
  if (value === "") return "\"\"";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function formatSeconds(seconds) {
  if (typeof seconds !== "number") return MISSING;
  if (seconds < 60) return Number(seconds.toPrecision(3)) + " s";
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return minutes + " min " + Math.floor(seconds % 60) + " s";
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return hours + " h " + (minutes % 60) + " min";
  return Math.floor(hours / 24) + " d " + (hours % 24) + " h";
}

/** The time as the run's own clock showed it, to the second. */
function formatTime(text) {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)/.exec(text || "");
  return match ? match[1] + " " + match[2] : MISSING;
}

function formatPercent(share) {
  return (100 * share).toFixed(share === 1 ? 0 : 1) + "%";
}

function plural(count, noun) {
  return count + " " + noun + (count === 1 ? "" : "s");
}

function formatBytes(bytes) {
  if (typeof bytes !== "number") return MISSING;
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) { bytes /= 1024; unit++; }
  return Number(bytes.toPrecision(3)) + " " + units[unit];
}
