// One picture of the figure: still items, maps, and the items of the current step, above each other.

import { make, makeSvg, showItems } from "./items.js";
import { countLevels, findSeries } from "./scene.js";

/** A block of maps, drawn on its own canvas. */
class MapCanvas {
  /** @param {import("./scene.js").MapBlock} block */
  constructor(block) {
    this.block = block;
    this.element = make("canvas");
    const [height, width] = block.map;
    // The values side by side without gaps, one pixel each; cells are copied from it.
    this.small = make("canvas");
    this.small.width = block.columns * width;
    this.small.height = block.rows * height;
    this.smallContext = /** @type {CanvasRenderingContext2D} */ (this.small.getContext("2d"));
    this.pixels = new ImageData(this.small.width, this.small.height);
    this.numbers = new Uint32Array(this.pixels.data.buffer);
    this.colors = new Uint32Array(256);
    this.stripe = "";
    this.factor = 1;
    this.resize(1, 1);
  }

  get width() {
    return (this.block.columns - 1) * this.block.pitch[0] + this.block.cell[0];
  }

  get height() {
    return (this.block.rows - 1) * this.block.pitch[1] + this.block.cell[1];
  }

  /**
   * @param {number} zoom CSS pixels per pixel of the picture
   * @param {number} density device pixels per CSS pixel
   */
  resize(zoom, density) {
    // A whole factor keeps values equally large. Where they would be tiny, the browser averages them instead.
    this.factor = Math.max(1, Math.min(8, Math.ceil(zoom * density - 0.01)));
    this.element.width = this.width * this.factor;
    this.element.height = this.height * this.factor;
    const valueWidth = (this.block.cell[0] / this.block.map[1]) * zoom * density;
    this.element.className = valueWidth < 2.5 && !Number.isInteger(valueWidth) ? "smooth" : "";
    this.context = /** @type {CanvasRenderingContext2D} */ (this.element.getContext("2d"));
    this.context.imageSmoothingEnabled = false;
  }

  /**
   * @param {import("./scene.js").Scheme} scheme
   * @param {string[]} palette
   */
  recolor(scheme, palette) {
    const digits = /** @type {string} */ (this.block.colors[scheme] ?? this.block.colors.light);
    for (let level = 0; level < countLevels(this.block); level++) {
      const rgb = parseInt(digits.slice(6 * level, 6 * level + 6), 16);
      this.colors[level] = toPixel(rgb);
    }
    if (!this.block.missing) return;
    const [ground, stripe] = this.block.missing.map((color) => palette[color]);
    this.stripe = stripe;
    // An opacity of its own tells it from a level of the same color.
    this.colors[255] = (toPixel(parseInt(ground.slice(1), 16)) & 0xfeffffff) >>> 0;
  }

  /**
   * @param {Uint8Array} levels of the layer
   * @param {number} step index of the step
   * @param {number} count number of steps
   */
  draw(levels, step, count) {
    const { block, numbers, colors, small } = this;
    const { channels, samples, rowsAreSamples } = block;
    const [height, width] = block.map;
    const stride = block.still ? 1 : count;
    const shown = block.revealed?.[step] ?? width;
    let missing = false;
    let at = block.offset + (block.still ? 0 : step);
    for (let channel = 0; channel < channels.length; channel++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const isHidden = x >= shown || block.units?.[y * width + x] === null;
          for (let sample = 0; sample < samples.length; sample++, at += stride) {
            const row = rowsAreSamples ? sample : channel;
            const column = rowsAreSamples ? channel : sample;
            const level = levels[at];
            if (level === 255 && !isHidden) missing = true;
            numbers[(row * height + y) * small.width + column * width + x] = isHidden ? 0 : colors[level];
          }
        }
      }
    }
    this.smallContext.putImageData(this.pixels, 0, 0);
    this.context?.clearRect(0, 0, this.element.width, this.element.height);
    const [cellWidth, cellHeight] = block.cell.map((side) => side * this.factor);
    for (let row = 0; row < block.rows; row++) {
      for (let column = 0; column < block.columns; column++) {
        const x = column * block.pitch[0] * this.factor;
        const y = row * block.pitch[1] * this.factor;
        const from = [column * width, row * height];
        this.context?.drawImage(small, from[0], from[1], width, height, x, y, cellWidth, cellHeight);
      }
    }
    if (missing) this.hatch();
  }

  /** Draw lines over missing values, so that their color is not read as a value. */
  hatch() {
    const context = /** @type {CanvasRenderingContext2D} */ (this.context);
    const { block, factor, numbers, small } = this;
    const [height, width] = block.map;
    const side = [(block.cell[0] / width) * factor, (block.cell[1] / height) * factor];
    context.save();
    context.beginPath();
    for (let y = 0; y < small.height; y++) {
      for (let x = 0; x < small.width; x++) {
        if (numbers[y * small.width + x] !== this.colors[255]) continue;
        const left = Math.floor(x / width) * block.pitch[0] * factor + (x % width) * side[0];
        const top = Math.floor(y / height) * block.pitch[1] * factor + (y % height) * side[1];
        context.rect(left, top, side[0], side[1]);
      }
    }
    context.clip();
    context.beginPath();
    const end = this.element.width + this.element.height;
    // As in frames: stripes and gaps of two pixels across, which run on from one block to the next.
    const first = 1 - ((block.x + block.y) % 4);
    for (let x = first * factor; x < end; x += 4 * factor) {
      context.moveTo(x, 0);
      context.lineTo(x - this.element.height, this.element.height);
    }
    context.strokeStyle = this.stripe;
    context.lineWidth = Math.SQRT2 * factor;
    context.stroke();
    context.restore();
  }
}

/** @param {number} rgb 0xRRGGBB */
const toPixel = (rgb) => (0xff000000 | ((rgb & 255) << 16) | (rgb & 0xff00) | (rgb >> 16)) >>> 0;

/** One picture: it shows a layer at a step. */
export class Picture {
  /** @param {import("./scene.js").Scene} scene */
  constructor(scene) {
    this.scene = scene;
    this.surface = make("div", { class: "picture" });
    this.caption = make("p", { class: "caption", hidden: "" });
    this.element = make("div", {}, this.caption, this.surface);
    /** @type {import("./scene.js").Layer | null} */
    this.layer = null;
    /** @type {Uint8Array} */
    this.levels = new Uint8Array();
    this.step = -1;
    this.zoom = 1;
    /** @type {MapCanvas[]} */
    this.maps = [];
    /** @type {{panel: import("./scene.js").Panel, group: Element, variant: number}[]} */
    this.groups = [];
    this.mark = makeSvg("rect", { class: "mark", visibility: "hidden" });
  }

  get size() {
    return this.layer?.size ?? this.scene.size;
  }

  /**
   * Show a layer. Its maps appear once its levels are set.
   * @param {import("./scene.js").Layer} layer
   */
  setLayer(layer) {
    this.layer = layer;
    this.levels = new Uint8Array();
    const [width, height] = this.size;
    const viewBox = `0 0 ${width} ${height}`;
    const below = makeSvg("svg", { viewBox, "aria-hidden": "true" });
    const above = makeSvg("svg", { viewBox, "aria-hidden": "true" });
    this.groups = layer.panels.map((panel) => {
      const still = makeSvg("g");
      showItems(still, panel.still, layer.points);
      below.append(still);
      const group = above.appendChild(makeSvg("g"));
      return { panel, group, variant: -1 };
    });
    this.maps = layer.maps.map((block) => new MapCanvas(block));
    above.append(this.mark);
    this.surface.replaceChildren(below, ...this.maps.map((map) => map.element), above);
  }

  /** @param {Uint8Array} levels */
  setLevels(levels) {
    this.levels = levels;
    this.drawMaps();
  }

  /**
   * @param {number} zoom CSS pixels per pixel of the picture
   */
  resize(zoom) {
    this.zoom = zoom;
    const [width, height] = this.size;
    this.surface.style.width = `${width * zoom}px`;
    this.surface.style.setProperty("--ratio", `${width / height}`);
    this.smooth(this.surface);
    for (const map of this.maps) {
      map.resize(zoom, devicePixelRatio);
      const { style } = map.element;
      // Parts of the picture, so that a printed page, which has another width, shows all.
      style.left = `${(map.block.x / width) * 100}%`;
      style.top = `${(map.block.y / height) * 100}%`;
      style.width = `${(map.width / width) * 100}%`;
      style.height = `${(map.height / height) * 100}%`;
    }
    this.drawMaps();
  }

  /**
   * Give pictures soft edges unless their pixels are large.
   * @param {Element} within
   */
  smooth(within) {
    for (const image of within.querySelectorAll("image")) {
      const isSmooth = this.zoom * devicePixelRatio < Number(image.dataset.sharp);
      image.style.imageRendering = isSmooth ? "auto" : "pixelated";
    }
  }

  /**
   * @param {import("./scene.js").Scheme} scheme
   * @param {string[]} palette
   */
  recolor(scheme, palette) {
    this.surface.dataset.scheme = scheme;
    for (const map of this.maps) map.recolor(scheme, palette);
    this.drawMaps();
  }

  /** @param {number} step index of the step */
  show(step) {
    this.step = step;
    const points = this.layer?.points ?? [];
    for (const each of this.groups) {
      const variant = each.panel.at[step] ?? -1;
      if (variant === each.variant) continue;
      showItems(each.group, each.panel.variants[variant] ?? [], points);
      this.smooth(each.group);
      each.variant = variant;
    }
    this.drawMaps();
  }

  drawMaps() {
    if (!this.levels.length || this.step < 0) return;
    for (const map of this.maps) map.draw(this.levels, this.step, this.scene.steps.length);
  }

  /**
   * The value at a point of the picture.
   * @param {number} x CSS pixels from the left edge of the picture
   * @param {number} y
   * @returns {Spot | null}
   */
  findSpot(x, y) {
    for (const [number, { block }] of this.maps.entries()) {
      if (!block.tap) continue;
      const inBlock = [x / this.zoom - block.x, y / this.zoom - block.y];
      const [column, row] = inBlock.map((at, axis) => Math.floor(at / block.pitch[axis]));
      if (column < 0 || row < 0 || column >= block.columns || row >= block.rows) continue;
      const within = [inBlock[0] - column * block.pitch[0], inBlock[1] - row * block.pitch[1]];
      if (within[0] >= block.cell[0] || within[1] >= block.cell[1]) continue;
      const spot = {
        number,
        channel: block.rowsAreSamples ? column : row,
        sample: block.rowsAreSamples ? row : column,
        x: Math.floor((within[0] / block.cell[0]) * block.map[1]),
        y: Math.floor((within[1] / block.cell[1]) * block.map[0]),
      };
      const isHidden = spot.x >= (block.revealed?.[this.step] ?? Infinity);
      return isHidden || findChannel(block, spot) === null ? null : spot;
    }
    return null;
  }

  /**
   * Outline a value, or nothing.
   * @param {Spot | null} spot
   */
  markSpot(spot) {
    this.mark.setAttribute("visibility", spot ? "visible" : "hidden");
    if (!spot) return;
    const box = this.findBox(spot);
    for (const [name, value] of Object.entries(box)) this.mark.setAttribute(name, String(value));
  }

  /**
   * The box of a value, in pixels of the picture.
   * @param {Spot} spot
   */
  findBox(spot) {
    const { block } = this.maps[spot.number];
    const [row, column] = block.rowsAreSamples ? [spot.sample, spot.channel] : [spot.channel, spot.sample];
    const width = block.cell[0] / block.map[1];
    const height = block.cell[1] / block.map[0];
    const x = block.x + column * block.pitch[0] + spot.x * width;
    return { x, y: block.y + row * block.pitch[1] + spot.y * height, width, height };
  }

  /**
   * The level of a value at the current step.
   * @param {Spot} spot
   */
  levelAt(spot) {
    const { block } = this.maps[spot.number];
    const { start, length } = findSeries(
      block,
      spot.channel,
      spot.sample,
      spot.y,
      spot.x,
      this.scene.steps.length,
    );
    return this.levels[start + (length > 1 ? this.step : 0)];
  }
}

/**
 * The channel of a value; null where a cell has no value.
 * @param {import("./scene.js").MapBlock} block
 * @param {Spot} spot
 */
export const findChannel = (block, { channel, x, y }) =>
  block.units ? block.units[y * block.map[1] + x] : block.channels[channel];

/**
 * The training step of a value, where a picture shows several at once.
 * @param {import("./scene.js").MapBlock} block
 * @param {Spot} spot
 */
export function findStep({ rowsAreSamples, steps }, { channel, sample, x }) {
  if (!steps) return null;
  const at = rowsAreSamples ? [sample, channel, x] : [channel, sample, x];
  return steps.numbers[steps.shape.reduce((sum, size, axis) => sum * size + (size > 1 ? at[axis] : 0), 0)];
}

/**
 * A value of a picture.
 * @typedef {object} Spot
 * @property {number} number which block
 * @property {number} channel position among the block's channels
 * @property {number} sample position among its samples
 * @property {number} x
 * @property {number} y
 */
