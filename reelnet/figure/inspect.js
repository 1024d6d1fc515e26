// Looking closer: the value under the pointer, and a cell enlarged with its value over the steps.

import { make, makeSvg } from "./items.js";
import { findChannel, findStep } from "./picture.js";
import { findNearest, findSeries, formatNumber, formatValue, toValue } from "./scene.js";

/**
 * What a value belongs to, in words.
 * @param {import("./picture.js").Picture} picture
 * @param {import("./picture.js").Spot} spot
 */
export function describeCell(picture, spot) {
  const { block } = picture.maps[spot.number];
  const step = findStep(block, spot);
  return nameCell(picture, block, spot) + (step === null ? "" : `, step ${step.toLocaleString("en")}`);
}

/**
 * @param {import("./picture.js").Picture} picture
 * @param {import("./scene.js").MapBlock} block
 * @param {import("./picture.js").Spot} spot
 */
function nameCell(picture, block, spot) {
  const sample = block.samples[spot.sample];
  const channel = findChannel(block, spot);
  const tap = /\p{L}/u.test(block.tap ?? "") ? block.tap : `layer ${block.tap}`;
  if (block.quantity === "weight" || block.quantity === "gradient") {
    return `${tap}, output ${sample}, input ${channel}`;
  }
  if (sample < 0) return `${tap}, channel ${channel}`;
  const labels = picture.layer?.labels ?? [];
  const alike = labels.filter((label) => label === labels[sample]).length;
  const label = alike ? ` “${labels[sample]}”` : "";
  return `${tap}, channel ${channel}, input${alike === 1 ? "" : ` ${sample}`}${label}`;
}

/**
 * @param {import("./picture.js").Picture} picture
 * @param {import("./picture.js").Spot} spot
 */
export function describeValue(picture, spot) {
  const { block } = picture.maps[spot.number];
  const mean = block.means ? ` (mean of ${block.means[0]} × ${block.means[1]})` : "";
  const value = formatValue(block, spot.channel, picture.levelAt(spot)) + mean;
  return `${describePlace(block, spot)}${value}`;
}

/**
 * @param {import("./scene.js").MapBlock} block
 * @param {import("./picture.js").Spot} spot
 */
function describePlace({ map: [height, width], units }, { x, y }) {
  if (height * width === 1 || units) return "";
  if (height === 1) return `position ${x + 1}: `;
  return `row ${y + 1}, column ${x + 1}: `;
}

/** A small note beside the pointer. */
export class Note {
  constructor() {
    this.element = make("div", { class: "note", role: "status", hidden: "" });
  }

  /**
   * @param {import("./picture.js").Picture} picture
   * @param {import("./picture.js").Spot | null} spot
   */
  show(picture, spot) {
    picture.markSpot(spot);
    this.element.hidden = !spot;
    if (!spot) return;
    const value = make("b", {}, describeValue(picture, spot));
    this.element.replaceChildren(value, make("span", {}, describeCell(picture, spot)));
    const box = picture.findBox(spot);
    const frame = picture.surface.getBoundingClientRect();
    const around = /** @type {HTMLElement} */ (
      this.element.offsetParent ?? document.body
    ).getBoundingClientRect();
    const [width, height] = [this.element.offsetWidth, this.element.offsetHeight];
    const left = frame.left - around.left + (box.x + box.width / 2) * picture.zoom - width / 2;
    const top = frame.top - around.top + box.y * picture.zoom - height - 8;
    const below = top + height + 16 + box.height * picture.zoom;
    this.element.style.left = `${Math.max(0, Math.min(left, around.width - width))}px`;
    this.element.style.top = `${top + around.top < 0 ? below : top}px`;
  }
}

/**
 * Whether the columns of a map are steps.
 * @param {import("./scene.js").MapBlock} block
 */
const isOverSteps = ({ steps }) => (steps?.shape[2] ?? 1) > 1;

/**
 * The levels of a value over the steps.
 * @param {import("./picture.js").Picture} picture
 * @param {import("./picture.js").Spot} spot
 * @returns {{step: number, level: number}[]}
 */
function listLevels({ levels, maps, scene: { steps } }, spot) {
  const { block } = maps[spot.number];
  const { channel, sample, y } = spot;
  if (isOverSteps(block)) {
    return Array.from({ length: block.map[1] }, (_, x) => ({
      step: findStep(block, { ...spot, x }) ?? 0,
      level: levels[findSeries(block, channel, sample, y, x, 1).start],
    }));
  }
  const { start, length } = findSeries(block, channel, sample, y, spot.x, steps.length);
  return Array.from({ length }, (_, index) => ({ step: steps[index], level: levels[start + index] }));
}

/** CSS pixels of the side of a value in an enlarged cell, at most. */
const MAX_SIDE = 48;

const CHART = { width: 320, height: 96, left: 44, bottom: 20 };

/** One cell, enlarged, with one of its values over the steps. */
export class Closeup {
  /** @param {(step: number) => void} onSeek */
  constructor(onSeek) {
    this.onSeek = onSeek;
    this.title = make("h2");
    this.text = make("p");
    this.canvas = make("canvas");
    this.chart = makeSvg("svg", { viewBox: `0 0 ${CHART.width} ${CHART.height}`, class: "chart" });
    const close = make("button", { type: "button", "aria-label": "Close", class: "close" }, "×");
    close.addEventListener("click", () => this.close());
    this.element = make("dialog", {}, this.title, close, this.canvas, this.text);
    this.element.append(this.chart);
    /** @type {import("./picture.js").Picture | null} */
    this.picture = null;
    /** @type {import("./picture.js").Spot | null} */
    this.spot = null;
    /** @type {Element | null} */
    this.opener = null;
    this.canvas.addEventListener("pointermove", (event) => this.choose(event));
    this.canvas.addEventListener("pointerdown", (event) => this.choose(event));
    this.chart.addEventListener("pointerdown", (event) => this.seek(/** @type {PointerEvent} */ (event)));
    this.chart.addEventListener("pointermove", (event) => {
      if (/** @type {PointerEvent} */ (event).buttons) this.seek(/** @type {PointerEvent} */ (event));
    });
  }

  get isOpen() {
    return this.element.open;
  }

  /**
   * @param {import("./picture.js").Picture} picture
   * @param {import("./picture.js").Spot} spot
   */
  open(picture, spot) {
    this.picture = picture;
    this.spot = spot;
    this.title.textContent = describeCell(picture, spot);
    if (!this.element.open) {
      this.opener = document.activeElement;
      this.element.show();
    }
    this.drawChart();
    this.update();
  }

  close() {
    if (!this.element.open) return;
    this.element.close();
    if (this.opener instanceof HTMLElement) this.opener.focus({ preventScroll: true });
  }

  /** @param {PointerEvent} event */
  choose(event) {
    if (!this.picture || !this.spot) return;
    const { block } = this.picture.maps[this.spot.number];
    const [height, width] = block.map;
    const box = this.canvas.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * width);
    const y = Math.floor(((event.clientY - box.top) / box.height) * height);
    if (x < 0 || y < 0 || x >= width || y >= height || (x === this.spot.x && y === this.spot.y)) return;
    this.spot = { ...this.spot, x, y };
    this.drawChart();
    this.update();
  }

  /** @param {PointerEvent} event */
  seek(event) {
    if (!this.picture) return;
    const box = this.chart.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * CHART.width - CHART.left;
    const { steps } = this.picture.scene;
    const last = steps[steps.length - 1] - steps[0];
    const wanted = steps[0] + (x / (CHART.width - CHART.left - 4)) * last;
    this.onSeek(findNearest(steps, wanted));
  }

  /** Draw the line of the chosen value. */
  drawChart() {
    const { picture, spot } = this;
    if (!picture || !spot) return;
    const { block } = picture.maps[spot.number];
    const { steps } = picture.scene;
    const own = listLevels(picture, spot);
    // A line of a single step would be no line, and a row over the steps is one already.
    this.chart.toggleAttribute("hidden", own.length < 2);
    this.canvas.toggleAttribute("hidden", isOverSteps(block));
    const [low, high] = block.limits[block.limits.length > 1 ? spot.channel : 0];
    const bottom = CHART.height - CHART.bottom;
    const toY = (/** @type {number} */ value) => 6 + (1 - (value - low) / (high - low || 1)) * (bottom - 12);
    let path = "";
    let command = "M";
    for (const { step, level } of own) {
      if (level === 255) {
        command = "M";
        continue;
      }
      path += `${command}${this.toX(step)} ${toY(toValue(block, spot.channel, level))}`;
      command = "L";
    }
    const texts = [
      { x: CHART.left - 6, y: toY(high) + 4, anchor: "end", text: formatNumber(high) },
      { x: CHART.left - 6, y: toY(low) + 4, anchor: "end", text: formatNumber(low) },
      { x: CHART.left, y: CHART.height - 4, anchor: "start", text: `step ${steps[0]}` },
      { x: CHART.width - 4, y: CHART.height - 4, anchor: "end", text: `${steps[steps.length - 1]}` },
    ];
    const zero = low < 0 && high > 0 ? [toY(0)] : [];
    this.chart.replaceChildren(
      ...[toY(low), ...zero, toY(high)].map((y) =>
        makeSvg("path", { d: `M${CHART.left} ${y}H${CHART.width - 4}`, class: "rule" }),
      ),
      makeSvg("path", { d: path, class: "line" }),
      makeSvg("path", { class: "cursor" }),
      ...texts.map(({ x, y, anchor, text }) => {
        const element = makeSvg("text", { x, y, "text-anchor": anchor });
        element.textContent = text;
        return element;
      }),
    );
  }

  /** @param {number} step */
  toX(step) {
    const steps = this.picture?.scene.steps ?? [0];
    const share = (step - steps[0]) / (steps[steps.length - 1] - steps[0] || 1);
    return CHART.left + share * (CHART.width - CHART.left - 4);
  }

  /** Show the step of the picture. */
  update() {
    const { picture, spot } = this;
    if (!picture || !spot || !this.isOpen) return;
    const map = picture.maps[spot.number];
    const { block } = map;
    const [height, width] = block.map;
    const [row, column] = block.rowsAreSamples ? [spot.sample, spot.channel] : [spot.channel, spot.sample];
    const scale = Math.max(1, Math.min(MAX_SIDE, Math.floor(320 / width), Math.floor(240 / height)));
    // The few rows of a long sequence are a strip.
    const rise = Math.max(scale, Math.floor(MAX_SIDE / height));
    Object.assign(this.canvas, { width: width * scale, height: height * rise });
    const context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    context.imageSmoothingEnabled = false;
    context.drawImage(
      map.small,
      column * width,
      row * height,
      width,
      height,
      0,
      0,
      width * scale,
      height * rise,
    );
    // Around a small value, the mark would hide it.
    const gap = scale < 8 ? 1 : 0;
    for (const width of [3, 1]) {
      context.strokeStyle = width > 1 ? "#000" : "#fff";
      context.lineWidth = width;
      context.strokeRect(spot.x * scale - gap, spot.y * rise - gap, scale + 2 * gap, rise + 2 * gap);
    }
    this.text.textContent = describeValue(picture, spot);
    const x = this.toX(picture.scene.steps[picture.step]);
    this.chart.querySelector(".cursor")?.setAttribute("d", `M${x} 0V${CHART.height - CHART.bottom}`);
  }
}
