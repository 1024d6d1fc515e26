// The figure: pictures, their controls, and what readers do with them.

import { Closeup, Note } from "./inspect.js";
import { make } from "./items.js";
import { Picture } from "./picture.js";
import { Player } from "./player.js";
import { findNearest, loadLevels, readScene } from "./scene.js";

const SPEEDS = [0.25, 0.5, 1, 2, 4];
const MAX_ZOOM = 4;
const PAGE = 10;
const MIN_SHRINKING = 0.65;

/** @typedef {{zoom: number, perRow: number}} Fit */

/**
 * A menu whose values are the positions of its options.
 * @param {string} name
 * @param {string[]} options
 */
function makeSelect(name, options) {
  const elements = options.map((text, index) => make("option", { value: String(index) }, text));
  return make("select", { "aria-label": name }, ...elements);
}

class Figure {
  /**
   * @param {import("./scene.js").Scene} scene
   * @param {HTMLElement} root
   */
  constructor(scene, root) {
    this.scene = scene;
    this.root = root;
    this.layer = scene.layers[0];
    this.isWide = false;
    this.player = new Player(scene, () => this.update());
    this.picture = new Picture(scene);
    /** @type {Picture | null} */
    this.pinned = null;
    /** @type {import("./picture.js").Spot | null} */
    this.spot = null;
    /** Whether the pointer was pressed upon a cell. */
    this.isPressed = false;
    this.isPrinting = false;
    /** Whether a key has moved to a step that the address does not have. */
    this.hasMoved = false;
    this.note = new Note();
    this.closeup = new Closeup((step) => this.player.seek(step));
    // Pictures that would be too small to read are scrolled sideways in their stage.
    this.stage = make("div", { class: "stage" }, this.picture.element);
    this.view = make("div", { class: "view" }, this.stage, this.note.element, this.closeup.element);
    this.button = make("button", { type: "button", class: "play" });
    this.slider = make("input", { type: "range", min: "0", max: String(scene.steps.length - 1), step: "1" });
    this.slider.setAttribute("aria-label", "Training step");
    this.label = make("span", { class: "step" });
    this.menu = makeSelect(
      "Layer",
      scene.layers.map(({ name }) => name),
    );
    this.pin = make(
      "button",
      { type: "button", "aria-pressed": "false", title: "Compare with this step" },
      "Compare",
    );
    this.speeds = this.makeSpeeds();
    const parts = [this.button, this.slider, this.label, this.speeds, this.menu, this.pin];
    this.controls = make("div", { class: "controls" }, ...parts);
    this.controls.hidden = scene.steps.length < 2 && scene.layers.length < 2;
    root.replaceChildren(make("h1", {}, document.title), this.view, this.controls);
    this.listen();
  }

  makeSpeeds() {
    const menu = makeSelect(
      "Speed",
      SPEEDS.map((speed) => `${speed}×`),
    );
    menu.value = String(SPEEDS.indexOf(1));
    menu.addEventListener("change", () => (this.player.speed = SPEEDS[Number(menu.value)]));
    return menu;
  }

  listen() {
    const { stage, player, scene } = this;
    this.button.addEventListener("click", () => (player.isPlaying ? player.pause() : player.play()));
    this.slider.addEventListener("input", () => player.seek(Number(this.slider.value)));
    this.slider.addEventListener("change", () => this.writeLink());
    const isStill = scene.steps.length < 2;
    for (const part of [this.button, this.slider, this.label, this.speeds, this.pin]) part.hidden = isStill;
    this.menu.hidden = scene.layers.length < 2;
    this.menu.addEventListener("change", () => {
      this.setLayer(scene.layers[Number(this.menu.value)]);
      this.writeLink();
    });
    this.pin.addEventListener("click", () => this.togglePin());
    stage.addEventListener("pointermove", (event) => this.point(event));
    stage.addEventListener("pointerleave", () => this.setSpot(null));
    stage.addEventListener("pointerdown", (event) => {
      this.isPressed = Boolean(this.findSpot(event));
      this.startDrag(event);
    });
    stage.addEventListener("click", (event) => {
      const spot = this.findSpot(event);
      // A drag that began elsewhere may end upon a cell.
      if (spot && this.isPressed) this.closeup.open(this.picture, spot);
      else if (!spot) this.follow(event);
    });
    stage.addEventListener("scroll", () => this.showMore());
    stage.addEventListener("focus", () => {
      const number = this.picture.maps.findIndex(({ block }) => block.tap);
      if (stage.matches(":focus-visible") && !this.spot && number >= 0) {
        this.reachSpot({ number, channel: 0, sample: 0, x: 0, y: 0 });
      }
    });
    stage.addEventListener("blur", () => this.setSpot(null));
    this.closeup.chart.addEventListener("pointerup", () => this.writeLink());
    document.addEventListener("keydown", (event) => this.press(event));
    // Browsers refuse to change the address as often as a key that is held repeats.
    document.addEventListener("keyup", () => {
      if (this.hasMoved) this.writeLink();
      this.hasMoved = false;
    });
    addEventListener("resize", () => this.resize());
    addEventListener("hashchange", () => this.readLink());
    addEventListener("message", (event) => {
      if (event.data !== "reelnet-height") return;
      const { zoom, perRow } = this.fitPictures(Infinity);
      const rows = this.pictures.length / perRow;
      const height =
        document.documentElement.offsetHeight + (zoom - this.picture.zoom) * rows * this.picture.size[1];
      /** @type {Window} */ (event.source).postMessage(
        { type: "reelnet-height", height },
        { targetOrigin: "*" },
      );
    });
    new ResizeObserver(() => this.resize()).observe(this.root);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.recolor());
    // Paper is light, as far as the template allows.
    for (const name of ["beforeprint", "afterprint"]) {
      addEventListener(name, () => {
        this.isPrinting = name === "beforeprint";
        this.recolor();
      });
    }
    document.addEventListener("visibilitychange", () => this.player.setVisible(!document.hidden));
    const observer = new IntersectionObserver(([entry]) => {
      this.player.setVisible(entry.isIntersecting && !document.hidden);
    });
    observer.observe(stage);
  }

  start() {
    this.recolor();
    const isLinked = this.readLink();
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (!isLinked && !isCalm && this.scene.frames.length > 1) this.player.play();
    this.update();
  }

  /** @param {import("./scene.js").Layer} layer */
  setLayer(layer) {
    this.layer = layer;
    const { hasValues } = this;
    const keys = hasValues ? ". Arrow keys move between values, Enter enlarges a cell." : "";
    this.stage.setAttribute("aria-label", this.scene.alt + keys);
    this.stage.setAttribute("role", hasValues ? "group" : "img");
    this.setSpot(null);
    this.closeup.close();
    for (const picture of this.pictures) this.fill(picture);
    this.resize();
    this.menu.value = String(this.scene.layers.indexOf(layer));
  }

  get hasValues() {
    return this.layer.maps.some(({ tap }) => tap);
  }

  get pictures() {
    return this.pinned ? [this.pinned, this.picture] : [this.picture];
  }

  /**
   * Show the layer in a picture.
   * @param {Picture} picture
   */
  fill(picture) {
    const { layer, scene } = this;
    picture.setLayer(layer);
    picture.recolor(this.scheme, this.palette);
    picture.show(picture === this.picture ? this.player.step : picture.step);
    const show = (/** @type {Uint8Array} */ levels) => {
      for (const each of this.pictures) if (each.layer === layer) each.setLevels(levels);
      document.documentElement.dataset.ready = "yes";
    };
    loadLevels(scene, layer, show).then(show);
  }

  /** @returns {import("./scene.js").Scheme} */
  get scheme() {
    const { fixedScheme, colors } = this.scene;
    const hasDark = !fixedScheme && colors.dark && !this.isPrinting;
    const isDark = hasDark && matchMedia("(prefers-color-scheme: dark)").matches;
    return isDark ? "dark" : "light";
  }

  get palette() {
    return this.scene.colors[this.scheme] ?? this.scene.colors.light;
  }

  recolor() {
    const { style } = document.documentElement;
    this.palette.forEach((color, index) => style.setProperty(`--c${index}`, color));
    const background = this.palette[this.scene.background];
    style.setProperty("--background", background);
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(background.slice(at, at + 2), 16));
    style.colorScheme = red * 0.3 + green * 0.6 + blue * 0.1 < 128 ? "dark" : "light";
    for (const picture of this.pictures) picture.recolor(this.scheme, this.palette);
  }

  resize() {
    const { zoom, perRow } = this.fitPictures();
    for (const picture of this.pictures) picture.resize(zoom);
    const { style } = document.documentElement;
    style.setProperty("--width", `${this.picture.size[0] * zoom * perRow}px`);
    style.setProperty("--controls", `${innerHeight - this.controls.getBoundingClientRect().top}px`);
    this.stage.style.gridTemplateColumns = `repeat(${perRow}, auto)`;
    this.showMore();
    this.closeup.update();
  }

  /** Hint at what is beyond the edges of the stage, and move the note with its value. */
  showMore() {
    const { scrollLeft, scrollWidth, clientWidth } = this.stage;
    const hidden = scrollWidth - clientWidth;
    this.isWide = hidden > 0;
    this.stage.tabIndex = this.isWide || this.hasValues ? 0 : -1;
    this.view.classList.toggle("less", scrollLeft > 1);
    this.view.classList.toggle("more", scrollLeft < hidden - 1);
    if (this.spot) this.note.show(this.picture, this.spot);
  }

  /**
   * The largest size of the pictures at which they fit, with whole factors for the maps where that costs little.
   * @param {number} room height of the window
   * @returns {Fit}
   */
  fitPictures(room = innerHeight) {
    const [width, height] = this.picture.size;
    const across = this.root.clientWidth;
    const count = this.pictures.length;
    const readable = this.layer.least;
    const perRow = across < count * width * readable ? 1 : count;
    let zoom = Math.min(Math.max(across / (width * perRow), readable), MAX_ZOOM);
    const rows = count / perRow;
    const bar = this.stage.offsetHeight - this.stage.clientHeight;
    const bars = this.controls.offsetHeight + bar + rows * this.picture.caption.offsetHeight;
    const tall = (room - bars) / height / rows;
    // A figure taller than the window is scrolled rather than made tiny. In a page it should not scroll at all.
    const least = window.parent === window ? readable : MIN_SHRINKING * zoom;
    zoom = Math.min(zoom, Math.max(tall, least));
    const block = this.picture.maps[0]?.block;
    if (block) {
      const unit = (block.map[1] / block.cell[0]) * (1 / devicePixelRatio);
      const whole = Math.floor(zoom / unit + 0.01) * unit;
      if (whole > 0.9 * zoom) zoom = whole;
    }
    return { zoom, perRow };
  }

  update() {
    const { player, scene } = this;
    this.picture.show(player.step);
    const text = `step ${scene.steps[player.step].toLocaleString("en")}`;
    const last = scene.steps[scene.steps.length - 1].toLocaleString("en");
    this.slider.value = String(player.step);
    this.slider.setAttribute("aria-valuetext", `${text} of ${last}`);
    this.label.textContent = `${text} of ${last}`;
    this.button.setAttribute("aria-label", player.isPlaying ? "Pause" : "Play");
    this.button.classList.toggle("playing", player.isPlaying);
    for (const picture of this.pictures) {
      const when = picture === this.picture ? "Now" : "Before";
      picture.caption.textContent = `${when}: step ${scene.steps[picture.step].toLocaleString("en")}`;
      picture.caption.hidden = !this.pinned;
    }
    if (this.spot) this.note.show(this.picture, this.spot);
    this.closeup.update();
  }

  togglePin() {
    if (this.pinned) {
      this.pinned.element.remove();
      this.pinned = null;
    } else {
      this.pinned = new Picture(this.scene);
      this.pinned.step = this.player.step;
      this.picture.element.before(this.pinned.element);
      this.fill(this.pinned);
    }
    this.pin.setAttribute("aria-pressed", String(Boolean(this.pinned)));
    this.update();
    this.resize();
    this.picture.element.scrollIntoView({ block: "nearest" });
  }

  /**
   * @param {MouseEvent} event
   * @returns {[number, number]} CSS pixels from the corner of the picture
   */
  toPicture(event) {
    const box = this.picture.surface.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /** @param {MouseEvent} event */
  findSpot(event) {
    return this.picture.findSpot(...this.toPicture(event));
  }

  /** @param {import("./picture.js").Spot | null} spot */
  setSpot(spot) {
    this.spot = spot;
    this.note.show(this.picture, spot);
  }

  /**
   * Mark a value, and scroll to it.
   * @param {import("./picture.js").Spot} spot
   */
  reachSpot(spot) {
    this.setSpot(spot);
    this.picture.mark.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** @param {PointerEvent} event */
  point(event) {
    this.setSpot(event.buttons ? null : this.findSpot(event));
  }

  /**
   * The chart under a point whose cursor can be dragged.
   * @param {MouseEvent} event
   */
  findCursor(event) {
    const [x, y] = this.toPicture(event).map((at) => at / this.picture.zoom);
    return this.layer.cursor.find(
      ({ box }) => x >= box[0] && y >= box[1] && x <= box[0] + box[2] && y <= box[1] + box[3],
    );
  }

  /**
   * Show the step of a chart that is nearest to a point.
   * @param {MouseEvent} event
   * @param {import("./scene.js").Cursor | undefined} cursor
   */
  follow(event, cursor = this.findCursor(event)) {
    const x = this.toPicture(event)[0] / this.picture.zoom;
    if (cursor) this.player.seek(findNearest(cursor.x, x));
  }

  /** @param {PointerEvent} event */
  startDrag(event) {
    const cursor = this.findCursor(event);
    // A finger that moves scrolls; one that taps chooses a step.
    if (!cursor || event.pointerType === "touch") return;
    const follow = (/** @type {PointerEvent} */ moved) => this.follow(moved, cursor);
    const stop = () => {
      this.stage.removeEventListener("pointermove", follow);
      this.writeLink();
    };
    this.stage.setPointerCapture(event.pointerId);
    this.stage.addEventListener("pointermove", follow);
    for (const name of ["pointerup", "pointercancel"])
      this.stage.addEventListener(name, stop, { once: true });
    follow(event);
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const target = /** @type {HTMLElement} */ (event.target);
    if (target instanceof HTMLSelectElement) return;
    if (event.key === "Escape") {
      if (this.closeup.isOpen) this.closeup.close();
      else if (this.spot) this.setSpot(null);
      else if (this.pinned) this.togglePin();
      return;
    }
    if (target === this.stage && this.spot && this.moveSpot(event.key)) {
      event.preventDefault();
      return;
    }
    // Left and right scroll what is too wide.
    if (target === this.stage && this.isWide && /Left|Right/.test(event.key)) return;
    const { player } = this;
    const last = this.scene.steps.length - 1;
    /** @type {Record<string, number>} */
    const moves = {
      ArrowLeft: player.step - 1,
      ArrowRight: player.step + 1,
      ArrowDown: player.step - 1,
      ArrowUp: player.step + 1,
      PageDown: player.step - PAGE,
      PageUp: player.step + PAGE,
      Home: 0,
      End: last,
    };
    if (event.key === " " && !(target instanceof HTMLButtonElement)) {
      if (player.isPlaying) player.pause();
      else player.play();
    } else if (event.key in moves) {
      player.seek(moves[event.key]);
      this.hasMoved = true;
    } else {
      return;
    }
    event.preventDefault();
  }

  /**
   * Move the marked value by a key, from cell to cell where it leaves one.
   * @param {string} key
   * @returns {boolean} whether the key was one for it
   */
  moveSpot(key) {
    const spot = /** @type {import("./picture.js").Spot} */ (this.spot);
    if (key === "Enter") {
      this.closeup.open(this.picture, spot);
      return true;
    }
    /** @type {Record<string, [number, number]>} */
    const directions = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (!(key in directions)) return false;
    const { block } = this.picture.maps[spot.number];
    const [height, width] = block.map;
    const cell = block.rowsAreSamples ? [spot.channel, spot.sample] : [spot.sample, spot.channel];
    const across = cell[0] * width + spot.x + directions[key][0];
    const down = cell[1] * height + spot.y + directions[key][1];
    const number = spot.number + (across < 0 ? -1 : across >= block.columns * width ? 1 : 0);
    const next = this.picture.maps[number]?.block;
    if (!next || down < 0 || down >= next.rows * next.map[0]) return true;
    const x = number < spot.number ? next.columns * next.map[1] - 1 : number > spot.number ? 0 : across;
    const [column, row] = [Math.floor(x / next.map[1]), Math.floor(down / next.map[0])];
    const [channel, sample] = next.rowsAreSamples ? [column, row] : [row, column];
    this.reachSpot({ number, channel, sample, x: x % next.map[1], y: down % next.map[0] });
    return true;
  }

  /** Show what the address asks for, such as `#step=70&layer=conv5`. Returns whether it asks for a step. */
  readLink() {
    const wanted = new URLSearchParams(location.hash.slice(1));
    const layer = this.scene.layers.find(({ name }) => name === wanted.get("layer"));
    if (layer ? layer !== this.picture.layer : !this.picture.layer) this.setLayer(layer ?? this.layer);
    const step = wanted.has("step") ? Number(wanted.get("step")) : NaN;
    if (!Number.isFinite(step)) return false;
    this.player.seek(findNearest(this.scene.steps, step));
    return true;
  }

  /** Put the shown step into the address, so that it can be shared. That of a frame is not seen. */
  writeLink() {
    if (window.parent !== window) return;
    const parts = [`step=${this.scene.steps[this.player.step]}`];
    if (this.scene.layers.length > 1) parts.push(`layer=${encodeURIComponent(this.layer.name)}`);
    try {
      history.replaceState(null, "", `#${parts.join("&")}`);
    } catch {
      // A sandboxed page has no address of its own.
    }
  }
}

const root = /** @type {HTMLElement} */ (document.getElementById("figure"));
new Figure(await readScene(), root).start();
