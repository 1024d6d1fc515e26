// The stage: the picture, as an image until its figure has come, and the panels that readers point at.

import { Note } from "../inspect.js";
import { make } from "../items.js";
import { Picture } from "../picture.js";

/** @typedef {import("./contract.js").PanelBox} PanelBox */

const REST = 250;
const MARGIN = 24;
const NARROW_MARGIN = 8;
const MAX_FIT = 3;
const TAG_HEIGHT = 20;

/** A frame around a panel, with its key in a tag. */
class Outline {
  /** @param {string} kind class of its element */
  constructor(kind) {
    this.tag = make("span");
    this.element = make("div", { class: `outline ${kind}`, "aria-hidden": "true", hidden: "" }, this.tag);
  }

  /**
   * @param {PanelBox | null} panel
   * @param {number} zoom
   */
  show(panel, zoom) {
    this.element.hidden = !panel;
    if (!panel) return;
    const [x, y, width, height] = panel.box.map((length) => length * zoom);
    Object.assign(this.element.style, {
      left: `${x}px`,
      top: `${y}px`,
      width: `${width}px`,
      height: `${height}px`,
    });
    this.element.classList.toggle("inside", y < TAG_HEIGHT);
    this.tag.textContent = `panels.${panel.name}`;
  }
}

/** Shows a reel at a step, and tells which panel readers choose. */
export class Stage {
  /**
   * @param {(panel: PanelBox) => void} onPanel called when the reader clicks on a panel
   * @param {() => void} onResize called when the picture would be sharper with another number of pixels
   */
  constructor(onPanel, onResize) {
    this.onPanel = onPanel;
    this.onResize = onResize;
    /** @type {number | "fit"} */
    this.wantedZoom = "fit";
    this.zoom = 1;
    /** @type {[number, number]} */
    this.size = [0, 0];
    /** @type {PanelBox[]} */
    this.panels = [];
    /** @type {Picture | null} */
    this.picture = null;
    /** @type {string | null} name of the chosen panel */
    this.selected = null;
    this.image = make("img", { alt: "" });
    this.hovered = new Outline("hovered");
    this.chosen = new Outline("chosen");
    this.note = new Note();
    this.resting = 0;
    this.sheet = make("div", { class: "sheet" }, this.image, this.chosen.element, this.hovered.element);
    this.view = make("div", { class: "view" }, this.sheet);
    this.message = make("p", { class: "empty", role: "status" });
    this.element = make("div", { class: "stage" }, this.view, this.note.element, this.message);
    this.sheet.addEventListener("pointermove", (event) => this.point(event));
    this.sheet.addEventListener("pointerleave", () => this.leave());
    this.sheet.addEventListener("click", (event) => {
      const panel = this.findPanel(event);
      if (!panel) return;
      this.hovered.show(null, this.zoom);
      this.onPanel(panel);
    });
    this.view.addEventListener("scroll", () => this.leave());
    new ResizeObserver(() => this.resize()).observe(this.view);
  }

  /** Output pixels per pixel of the picture at which it is sharp. */
  get ratio() {
    return Math.min(3, Math.max(1, Math.ceil(this.zoom * devicePixelRatio - 0.01)));
  }

  /**
   * Say something in place of a picture, or nothing.
   * @param {string} text
   */
  say(text) {
    this.message.textContent = text;
    this.element.classList.toggle("waiting", Boolean(text));
  }

  /**
   * Tell that another picture is being made, or that it is there.
   * @param {boolean} isBusy
   */
  setBusy(isBusy) {
    this.element.setAttribute("aria-busy", String(isBusy));
  }

  /**
   * Show the image of a new layout.
   * @param {import("./contract.js").Layout} layout
   * @param {Uint8Array<ArrayBuffer>} png
   */
  async showLayout({ size, panels, background, layer, step }, png) {
    const image = await decode(png);
    this.size = size;
    this.panels = panels;
    this.picture?.element.remove();
    this.picture = null;
    this.setImage(image, layer, step);
    this.element.dataset.shows = "image";
    this.sheet.style.background = background;
    this.say("");
    this.leave();
    this.resize();
    this.select(this.selected);
  }

  /**
   * Show the image of another step.
   * @param {number} step
   * @param {Uint8Array<ArrayBuffer>} png
   * @param {string} layer
   */
  async showStep(step, png, layer) {
    const image = await decode(png);
    if (!this.picture) this.setImage(image, layer, step);
  }

  /**
   * @param {HTMLImageElement} image
   * @param {string} layer
   * @param {number} step
   */
  setImage(image, layer, step) {
    URL.revokeObjectURL(this.image.src);
    image.alt = `${layer} at step ${step}`;
    this.image.replaceWith(image);
    this.image = image;
  }

  /**
   * Put the figure in place of the image.
   * @param {import("../scene.js").Scene} scene
   * @param {Uint8Array[]} buffers levels of its layers
   * @param {number} step index of the step
   */
  showFigure(scene, buffers, step) {
    const [layer] = scene.layers;
    const picture = new Picture(scene);
    picture.setLayer(layer);
    // The image has the colors of the template, whatever the reader prefers; so does the figure.
    const palette = scene.colors.light;
    palette.forEach((color, index) => this.sheet.style.setProperty(`--c${index}`, color));
    this.sheet.style.setProperty("--background", palette[scene.background]);
    picture.recolor("light", palette);
    picture.resize(this.zoom);
    picture.show(step);
    picture.setLevels(buffers[Number(layer.data)] ?? new Uint8Array());
    picture.surface.setAttribute("role", "img");
    picture.surface.setAttribute("aria-label", scene.alt);
    this.picture?.element.remove();
    this.image.after(picture.element);
    this.picture = picture;
    this.element.dataset.shows = "figure";
  }

  /** @param {number} step index of the step */
  seek(step) {
    this.picture?.show(step);
    if (this.picture && this.spot) this.note.show(this.picture, this.spot);
  }

  /** @param {number | "fit"} zoom CSS pixels per pixel of the picture */
  setZoom(zoom) {
    this.wantedZoom = zoom;
    this.leave();
    this.resize();
  }

  resize() {
    const before = this.ratio;
    // Margins of another size would make scroll bars, which take from the room that is measured.
    this.sheet.style.margin = "0";
    this.zoom = this.wantedZoom === "fit" ? this.findFit() : this.wantedZoom;
    const [width, height] = this.size;
    this.sheet.style.width = `${width * this.zoom}px`;
    this.sheet.style.height = `${height * this.zoom}px`;
    // In the middle, but on whole pixels of the screen, so that the picture stays sharp.
    const { clientWidth, clientHeight } = this.view;
    const place = (/** @type {number} */ room, /** @type {number} */ length) =>
      Math.max(0, Math.floor(((room - length * this.zoom) / 2) * devicePixelRatio) / devicePixelRatio);
    this.sheet.style.marginLeft = `${place(clientWidth, width)}px`;
    this.sheet.style.marginTop = `${place(clientHeight, height)}px`;
    this.picture?.resize(this.zoom);
    this.select(this.selected);
    if (this.ratio !== before && this.size[0]) this.onResize();
  }

  /** The largest zoom at which all of the picture is seen, with whole pixels where it is enlarged. */
  findFit() {
    const margin = this.view.clientWidth < 640 ? NARROW_MARGIN : MARGIN;
    const [width, height] = this.size;
    if (!width) return 1;
    const room = [this.view.clientWidth - 2 * margin, this.view.clientHeight - 2 * margin];
    const zoom = Math.min(room[0] / width, room[1] / height, MAX_FIT);
    return zoom < 1 ? Math.max(zoom, 0.05) : Math.floor(zoom * devicePixelRatio) / devicePixelRatio;
  }

  /**
   * Mark a panel as the one that is chosen, or none.
   * @param {string | null} name
   */
  select(name) {
    this.selected = name;
    this.chosen.show(this.panels.find((panel) => panel.name === name) ?? null, this.zoom);
  }

  /**
   * @param {MouseEvent} event
   * @returns {[number, number]} CSS pixels from the corner of the picture
   */
  toPicture(event) {
    const box = this.sheet.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /**
   * The smallest panel under the pointer.
   * @param {MouseEvent} event
   */
  findPanel(event) {
    const [x, y] = this.toPicture(event).map((at) => at / this.zoom);
    /** @type {PanelBox | null} */
    let found = null;
    for (const panel of this.panels) {
      const [left, top, width, height] = panel.box;
      if (x < left || y < top || x >= left + width || y >= top + height) continue;
      if (!found || width * height <= found.box[2] * found.box[3]) found = panel;
    }
    return found;
  }

  /** @param {PointerEvent} event */
  point(event) {
    if (event.pointerType === "touch") return;
    const panel = this.findPanel(event);
    this.hovered.show(panel?.name === this.selected ? null : panel, this.zoom);
    const spot = this.picture?.findSpot(...this.toPicture(event)) ?? null;
    clearTimeout(this.resting);
    if (!spot || this.spot) this.setSpot(spot);
    else this.resting = setTimeout(() => this.setSpot(spot), REST);
  }

  leave() {
    clearTimeout(this.resting);
    this.hovered.show(null, this.zoom);
    this.setSpot(null);
  }

  /** @param {import("../picture.js").Spot | null} spot */
  setSpot(spot) {
    /** @type {import("../picture.js").Spot | null} */
    this.spot = spot;
    if (this.picture) this.note.show(this.picture, spot);
    else this.note.element.hidden = true;
  }
}

/**
 * A picture that is ready to be shown, so that nothing flickers.
 * @param {Uint8Array<ArrayBuffer>} png
 */
async function decode(png) {
  const image = make("img", { alt: "", draggable: "false" });
  image.src = URL.createObjectURL(new Blob([png], { type: "image/png" }));
  await image.decode();
  return image;
}
