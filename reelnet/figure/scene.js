// The figure's data: what the page contains, decoded on demand.

/**
 * An item of a panel, in CSS pixels of the picture at its own size. The first entry is its kind:
 * "t" text, "r" rectangle, "l" line, "p" polygon, "d" disc, "i" image.
 * @typedef {[string, ...any]} Item
 *
 * @typedef {object} Panel
 * @property {string} name
 * @property {[number, number, number, number]} box x, y, width, height
 * @property {Item[]} still what every step shows
 * @property {Item[][]} variants what differs from step to step, each list once
 * @property {number[]} at the variant of each step
 *
 * @typedef {object} MapBlock Maps in a grid of cells. Values are levels of a colormap, 255 where one is missing.
 * @property {number} x
 * @property {number} y
 * @property {[number, number]} cell width and height
 * @property {[number, number]} pitch from one cell to the next, right and down
 * @property {number} rows
 * @property {number} columns
 * @property {[number, number]} map height and width, in values
 * @property {number[]} channels
 * @property {(number | null)[]} [units] channels of the values of a cell, row by row, if they are of several
 * @property {number[]} samples
 * @property {boolean} rowsAreSamples
 * @property {string | null} tap null if the levels are colors without a meaning
 * @property {string | null} quantity activation, attention, weight or gradient
 * @property {Record<Scheme, string | null>} colors of all levels, six hexadecimal digits each
 * @property {[number, number]} [missing] colors of missing values, and of the stripes upon them, if there are any
 * @property {[number, number][]} limits values of the lowest and the highest level, once or per channel
 * @property {[boolean, boolean]} clipped whether values lie beyond the limits
 * @property {number} offset where its levels begin in the layer's data
 * @property {[number, number]} [means] rows and columns of recorded values that a shown value is the mean of
 * @property {number[]} [revealed] columns of values that are shown at each step
 * @property {boolean} still whether it has one step only
 * @property {{shape: [number, number, number], numbers: number[]}} [steps] training steps of the values by row and
 *   column of cells and column of values, if it shows several at once; axes where they do not differ have one
 *
 * @typedef {object} Cursor A chart whose cursor can be dragged.
 * @property {[number, number, number, number]} box
 * @property {number[]} x of each step
 *
 * @typedef {object} Layer
 * @property {string} name
 * @property {string} data id of the element that holds its levels
 * @property {number} bytes of its levels
 * @property {string[]} [chunks] files that hold its levels instead, relative to the page
 * @property {[number, number]} [size]
 * @property {number} least zoom below which its texts are too small to read
 * @property {Panel[]} panels
 * @property {number[][]} points x and y of points in turn, shared by lines
 * @property {MapBlock[]} maps
 * @property {string[] | null} labels names of the samples
 * @property {Cursor[]} cursor
 *
 * @typedef {"light" | "dark"} Scheme
 *
 * @typedef {object} Scene
 * @property {string} title
 * @property {string} alt
 * @property {[number, number]} size
 * @property {number} background
 * @property {{light: string[], dark: string[] | null}} colors
 * @property {boolean} fixedScheme
 * @property {number[]} steps
 * @property {[number, number][]} frames index of a step, and milliseconds
 * @property {number | null} loop how often it plays; null for ever
 * @property {string[]} images data URLs
 * @property {number} chunkSteps steps per file of a layer's levels
 * @property {Layer[]} layers
 */

/** @param {string} id */
const readText = (id) => (document.getElementById(id)?.textContent ?? "").trim();

/**
 * Inflate raw deflate data.
 * @param {BufferSource} packed
 */
async function inflate(packed) {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  // Firefox takes twice as long to join the many parts through a Response.
  const reader = stream.getReader();
  const parts = [];
  let size = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    size += part.value.length;
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** @param {string} id of an element with raw deflate data in base64 */
function inflateElement(id) {
  const text = atob(readText(id));
  const packed = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) packed[i] = text.charCodeAt(i);
  return inflate(packed);
}

/** @returns {Promise<Scene>} */
export async function readScene() {
  /** @type {Scene} */
  const scene = JSON.parse(new TextDecoder().decode(await inflateElement("figure-data")));
  placeImages(scene);
  return scene;
}

/**
 * Give the items of images their addresses. Each image is in the data once.
 * @param {Scene} scene
 */
export function placeImages({ layers, images }) {
  for (const { panels } of layers) {
    const items = panels.flatMap(({ still, variants }) => [still, ...variants]).flat();
    for (const item of items) if (item[0] === "i") item[5] = images[item[5]];
  }
}

/**
 * Add up differences from the step before, modulo 256, which compress better than levels.
 * @param {Uint8Array} levels
 * @param {number} start
 * @param {number} count
 */
function addUp(levels, start, count) {
  // A sum of its own, rather than the level before, takes a quarter of the time.
  let level = levels[start];
  for (let i = start + 1; i < start + count; i++) levels[i] = level += levels[i];
}

/**
 * Read the levels of a layer from files, each with some of the steps. The first file also has what never changes.
 * @param {Scene} scene
 * @param {Layer} layer
 * @param {string[]} chunks
 * @param {(levels: Uint8Array) => void} onMore
 */
async function fetchLevels({ steps, chunkSteps }, layer, chunks, onMore) {
  const levels = new Uint8Array(layer.bytes).fill(255);
  /** @param {number} number */
  const load = async (number) => {
    const part = await inflate(await (await fetch(chunks[number])).arrayBuffer());
    const first = number * chunkSteps;
    const count = Math.min(chunkSteps, steps.length - first);
    let at = 0;
    for (const block of layer.maps) {
      const values = countValues(block);
      if (block.still) {
        if (!number) levels.set(part.subarray(at, (at += values)), block.offset);
        continue;
      }
      for (let value = 0; value < values; value++, at += count) {
        addUp(part, at, count);
        levels.set(part.subarray(at, at + count), block.offset + value * steps.length + first);
      }
    }
    onMore(levels);
  };
  await load(0);
  for (let number = 1; number < chunks.length; number++) load(number);
  return levels;
}

/**
 * Read the levels of a layer from the page.
 * @param {Scene} scene
 * @param {Layer} layer
 */
async function readLevels({ steps }, layer) {
  const levels = await inflateElement(layer.data);
  for (const block of layer.maps) {
    if (block.still) continue;
    const end = block.offset + countValues(block) * steps.length;
    for (let start = block.offset; start < end; start += steps.length) addUp(levels, start, steps.length);
  }
  return levels;
}

/** @type {Map<Layer, Promise<Uint8Array>>} */
const loadedData = new Map();

/**
 * The levels of a layer, decoded once: per block (channel, y, x, sample, step), the steps of a value side by side.
 * @param {Scene} scene
 * @param {Layer} layer
 * @param {(levels: Uint8Array) => void} onMore called whenever more steps have been loaded
 */
export function loadLevels(scene, layer, onMore) {
  const loading =
    loadedData.get(layer) ??
    (layer.chunks ? fetchLevels(scene, layer, layer.chunks, onMore) : readLevels(scene, layer));
  loadedData.set(layer, loading);
  return loading;
}

/** @param {MapBlock} block */
const countValues = ({ channels, samples, map }) => channels.length * samples.length * map[0] * map[1];

/**
 * Where the steps of a value begin in the layer's data, and how many there are.
 * @param {MapBlock} block
 * @param {number} channel position among the block's channels
 * @param {number} sample position among its samples
 * @param {number} y
 * @param {number} x
 * @param {number} count number of recorded steps
 */
export function findSeries(block, channel, sample, y, x, count) {
  const [height, width] = block.map;
  const index = ((channel * height + y) * width + x) * block.samples.length + sample;
  const length = block.still ? 1 : count;
  return { start: block.offset + index * length, length };
}

/**
 * The value of a level, as text with two decimals.
 * @param {MapBlock} block
 * @param {number} channel position among the block's channels
 * @param {number} level
 */
export function formatValue(block, channel, level) {
  if (level === 255) return "missing (NaN or infinite)";
  const last = countLevels(block) - 1;
  const value = toValue(block, channel, level);
  const sign = level === last && block.clipped[1] ? "≥ " : level === 0 && block.clipped[0] ? "≤ " : "";
  return sign + formatNumber(value);
}

/** @param {MapBlock} block */
export const countLevels = (block) => /** @type {string} */ (block.colors.light).length / 6;

/**
 * @param {MapBlock} block
 * @param {number} channel
 * @param {number} level
 */
export function toValue(block, channel, level) {
  const [low, high] = block.limits[block.limits.length > 1 ? channel : 0];
  return low + (level / (countLevels(block) - 1)) * (high - low);
}

/**
 * The position of the number that is nearest to another one.
 * @param {(number | null)[]} numbers
 * @param {number} wanted
 */
export function findNearest(numbers, wanted) {
  const distances = numbers.map((number) => (number === null ? Infinity : Math.abs(number - wanted)));
  return distances.indexOf(Math.min(...distances));
}

/** @param {number} value */
export function formatNumber(value) {
  const size = Math.abs(value);
  const text = size !== 0 && size < 0.1 ? value.toPrecision(2) : value.toFixed(size < 1000 ? 2 : 0);
  return (Number(text) === 0 ? "0.00" : text).replace("-", "−");
}
