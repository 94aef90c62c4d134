// The page's data, and what its numbers are packed in.

const page = JSON.parse(document.getElementById("data").textContent);

function bytesOf(text) {
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

// Typed arrays have the machine's byte order, which is little-endian wherever browsers run.
function numbersOf(text, type) {
  return new type(bytesOf(text).buffer);
}

/** The first index whose element is not below x in a rising array. */
function lowerBound(list, x) {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < x) low = middle + 1; else high = middle;
  }
  return low;
}

// JSON has no NaN and no infinities: they are texts in the data.
const WORDS = {nan: NaN, inf: Infinity, "-inf": -Infinity};

function number(value) {
  return typeof value === "string" && value in WORDS ? WORDS[value] : value;
}

function isNumber(value) {
  return typeof number(value) === "number";
}
