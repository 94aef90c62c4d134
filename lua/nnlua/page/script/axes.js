// Scales of a chart: ranges that are never empty, ticks on round numbers, linear or logarithmic.

/** scaleOf(low, high, log, from, to) -> {at(value) -> pixel, of(pixel) -> value, low, high, log}. */
function scaleOf(low, high, log, from, to) {
  const forward = log ? Math.log10 : v => v, back = log ? v => Math.pow(10, v) : v => v;
  const a = forward(low), b = forward(high), factor = (to - from) / (b - a);
  return {low, high, log, at: v => from + (forward(v) - a) * factor,
          of: p => back(a + (p - from) / factor)};
}

/** The range of an axis that shows low..high, with a margin; log: both are above 0. */
function padded(low, high, log, part) {
  if (!(low <= high)) return log ? [0.1, 1] : [0, 1];
  if (log) {
    const a = Math.log10(low), b = Math.log10(high), pad = Math.max((b - a) * part, b === a ? 0.3 : 0);
    return [Math.pow(10, a - pad), Math.pow(10, b + pad)];
  }
  const pad = high > low ? (high - low) * part : part > 0 ? Math.abs(high) * 0.1 || 1 : 0.5;
  return [low - pad, high + pad];
}

function linearTicks(low, high, most) {
  const raw = (high - low) / most, power = Math.pow(10, Math.floor(Math.log10(raw)));
  const step = [1, 2, 5, 10].map(m => m * power).find(s => s >= raw * 0.999);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9 && ticks.length < 50; i++) {
    ticks.push(Number((i * step).toPrecision(12)));
  }
  return ticks;
}

function logTicks(low, high, most) {
  const a = Math.ceil(Math.log10(low) - 1e-9), b = Math.floor(Math.log10(high) + 1e-9);
  if (b - a < 1) return linearTicks(low, high, most).filter(v => v > 0);
  const stride = Math.ceil((b - a + 1) / most), ticks = [];
  for (let p = a; p <= b; p += stride) {
    for (const m of b - a < 3 ? [1, 2, 5] : [1]) {
      const value = Number((m + "e" + p));
      if (value <= high) ticks.push(value);
    }
  }
  if (b - a < 3) for (const m of [2, 5]) {
    const value = Number(m + "e" + (a - 1));
    if (value >= low) ticks.unshift(value);
  }
  return ticks.sort((x, y) => x - y);
}

function ticksOf(scale, most) {
  return (scale.log ? logTicks : linearTicks)(scale.low, scale.high, Math.max(2, most));
}

function tickText(value) {
  return formatNumber(value, 5).replace("e" + MINUS, "e\u2212");
}
