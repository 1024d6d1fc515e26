// What the address of the page says, such as `#template=article&layer=conv5&step=70`, so that a reload keeps it.

/** @typedef {import("./contract.js").Place} Place */

/** @returns {Place} */
export function readAddress() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const step = wanted.has("step") ? Number(wanted.get("step")) : NaN;
  return {
    template: wanted.get("template"),
    layer: wanted.get("layer"),
    step: Number.isFinite(step) ? step : null,
  };
}

/** @param {Place} place */
export function writeAddress({ template, layer, step }) {
  const parts = Object.entries({ template, layer, step })
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  try {
    history.replaceState(null, "", `#${parts.join("&")}`);
  } catch {
    // A sandboxed page has no address of its own.
  }
}
