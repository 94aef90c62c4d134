// Colours that every colour vision tells apart, on light and dark ground and on paper.

// Okabe and Ito's colours for every colour vision, darker or lighter where paper or screen need it.
const LIGHT = ["#0072b2", "#d55e00", "#009e73", "#b84d8f", "#3fa0dc", "#c98a00", "#5b4bb0", "#6b6b6b"];
const DARK = ["#4ca6e0", "#ff8a3d", "#2ec79a", "#e58cc0", "#9fd6f7", "#f0bd3a", "#a89af0", "#b0b0b0"];
// Viridis without the end that the background swallows.
const RAMP_LIGHT = ["#440154", "#443a83", "#31688e", "#21918c", "#35b779", "#8fc31f"];
const RAMP_DARK = ["#6f62c4", "#4f86c6", "#26a5a0", "#35b779", "#9bd93c", "#fde725"];

const darkScheme = matchMedia("(prefers-color-scheme: dark)");
let printing = false;

function isDark() {
  return darkScheme.matches && !printing;
}

darkScheme.addEventListener("change", () => emit("view"));
addEventListener("beforeprint", () => { printing = true; emit("view"); });
addEventListener("afterprint", () => { printing = false; emit("view"); });

function mix(a, b, part) {
  const channel = (text, i) => parseInt(text.slice(1 + 2 * i, 3 + 2 * i), 16);
  return "rgb(" + [0, 1, 2].map(i =>
    Math.round(channel(a, i) + part * (channel(b, i) - channel(a, i)))).join(",") + ")";
}

function ramp(part) {
  const stops = isDark() ? RAMP_DARK : RAMP_LIGHT;
  const at = part * (stops.length - 1), i = Math.min(Math.floor(at), stops.length - 2);
  return mix(stops[i], stops[i + 1], at - i);
}
