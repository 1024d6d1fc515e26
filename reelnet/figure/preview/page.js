// The page of a preview: what it shows, and how its parts work together.

import { make } from "../items.js";
import { placeImages } from "../scene.js";
import { readAddress, writeAddress } from "./address.js";
import { Mistakes } from "./mistakes.js";
import { Notices } from "./notices.js";
import { Outputs } from "./outputs.js";
import { Pictures } from "./pictures.js";
import { SideBar } from "./side_bar.js";
import { Stage } from "./stage.js";
import { TemplatesMenu } from "./templates_menu.js";
import { Transport } from "./transport.js";

/** @typedef {import("./contract.js").Diagnostic} Diagnostic */

const ZOOMS = /** @type {const} */ ({ Fit: "fit", "100 %": 1, "200 %": 2 });
/** Milliseconds between pictures of a run that grows, at least; so that the training is not slowed down. */
const GROWTH = 1000;

/** One page on one preview. */
export class Page {
  /**
   * @param {HTMLElement} root
   * @param {import("./contract.js").Connection} connection
   */
  constructor(root, connection) {
    this.root = root;
    this.connection = connection;
    /** @type {import("./contract.js").Opened | null} */
    this.opened = null;
    /** @type {import("./contract.js").View} */
    this.view = { template: "", text: null, layer: null };
    /** @type {import("./contract.js").Layout | null} */
    this.layout = null;
    this.hasFigure = false;
    /** Whether the figure is too large, so that each step is a picture of its own. */
    this.isTooLarge = false;
    this.growth = 0;
    const getView = () => this.view;
    this.notices = new Notices();
    this.stage = new Stage(
      (panel) => this.choosePanel(panel),
      () => this.refreshImage(),
    );
    this.pictures = new Pictures(connection, getView, {
      showLayout: (layout, png) => this.showLayout(layout, png),
      showStep: (step, png) => this.stage.showStep(step, png, this.layout?.layer ?? ""),
      showFigure: (scene, levels) => this.showFigure(scene, levels),
      showMistakes: (diagnostics) => this.showMistakes(diagnostics),
      showError: (message) => this.showError(message),
    });
    this.transport = new Transport((isChosen) => this.seek(isChosen));
    this.mistakes = new Mistakes(() => {});
    this.templates = new TemplatesMenu(
      connection,
      () => this.view.layer,
      (name) => this.setTemplate(name),
    );
    this.outputs = new Outputs(connection, getView, this.pictures.client, (text) => this.tellCopied(text));
    this.sideBar = new SideBar([{ name: "output", title: "Output", element: this.outputs.element }], (name) =>
      this.outputs.setOpen(name === "output"),
    );
    this.runName = make("h1");
    this.live = make("span", { class: "live", hidden: "" }, "Live");
    this.layers = make("select", { "aria-label": "Layer" });
    this.zooms = this.makeZooms();
    this.build();
    this.listen();
  }

  makeZooms() {
    const buttons = Object.entries(ZOOMS).map(([name, zoom]) => {
      const button = make("button", { type: "button", "aria-pressed": String(zoom === "fit") }, name);
      button.addEventListener("click", () => {
        for (const each of buttons) each.setAttribute("aria-pressed", String(each === button));
        this.stage.setZoom(zoom);
      });
      return button;
    });
    return make("div", { class: "zooms", role: "group", "aria-label": "Zoom" }, ...buttons);
  }

  build() {
    const title = make("div", { class: "title" }, this.runName, this.live);
    const menus = make("div", { class: "menus" }, this.templates.element, this.layers);
    const head = make("header", { class: "head" }, title, menus, this.zooms);
    const middle = make("div", { class: "middle" }, this.stage.element, this.mistakes.element);
    middle.append(this.notices.note);
    const main = make("main", { class: "main" }, this.notices.banner, middle, this.transport.element);
    this.root.classList.add("preview");
    this.root.replaceChildren(head, main, this.sideBar.handle, this.sideBar.element);
    this.stage.say("Loading …");
  }

  listen() {
    const { connection } = this;
    this.layers.addEventListener("change", () => {
      this.view.layer = this.layers.value;
      this.layOut();
    });
    document.addEventListener("keydown", (event) => this.press(event));
    connection.on("file", ({ template }) => {
      if (template === this.view.template) this.layOut();
    });
    connection.on("templates", () => this.open());
    connection.on("run", (run) => this.grow(run));
    connection.on("end", () =>
      this.notices.showBanner("The preview was stopped. This page goes on when it runs again."),
    );
    connection.on("lost", () => this.notices.showBanner("The connection was lost. Connecting again …"));
    connection.on("back", () => {
      this.notices.showBanner("");
      this.open().then(() => this.layOut());
    });
  }

  async start() {
    await this.open();
    if (!this.opened) return;
    const { start, templates } = this.opened;
    const wanted = readAddress();
    const isKnown = templates.some(({ name }) => name === wanted.template);
    this.view.template = isKnown && wanted.template !== null ? wanted.template : start.template;
    this.view.layer = wanted.layer ?? start.layer;
    this.templates.setCurrent(this.view.template);
    await this.layOut(wanted.step ?? start.step);
  }

  /** Read what there is: the run, its layers, the templates, the platforms. */
  async open() {
    try {
      const { answer } = await this.connection.call("open", {});
      this.opened = /** @type {import("./contract.js").Opened} */ (answer);
    } catch (error) {
      this.showError(/** @type {Error} */ (error).message);
      return;
    }
    const { run, templates } = this.opened;
    this.runName.textContent = run.name;
    this.live.hidden = !run.growing;
    this.layers.replaceChildren(...run.layers.map(({ name }) => make("option", {}, name)));
    this.templates.show(templates, this.view.template);
    this.outputs.fill(this.opened);
  }

  get step() {
    return this.layout ? this.transport.step : null;
  }

  /**
   * Lay out what is to be seen, and then load all of its steps.
   * @param {number | null} step
   */
  async layOut(step = this.step) {
    if (!this.opened?.run.steps.length) {
      this.stage.say("Waiting for the first step of the run …");
      return;
    }
    this.outputs.refresh();
    const isShown = await this.pictures.layOut(step, this.stage.ratio);
    if (isShown && !this.opened.run.growing && !this.isTooLarge) await this.pictures.loadFigure();
  }

  /**
   * @param {import("./contract.js").Layout} layout
   * @param {Uint8Array<ArrayBuffer>} png
   */
  async showLayout(layout, png) {
    await this.stage.showLayout(layout, png);
    this.layout = layout;
    this.hasFigure = false;
    this.layers.value = layout.layer;
    const milliseconds = (1000 * layout.seconds) / layout.steps.length;
    const frames = layout.steps.map((_, index) => /** @type {[number, number]} */ ([index, milliseconds]));
    this.transport.setTimeline({ steps: layout.steps, frames, loop: null }, layout.step);
    this.showMistakes([]);
    this.writeAddress();
  }

  /**
   * @param {import("../scene.js").Scene} scene
   * @param {Uint8Array[]} levels
   */
  showFigure(scene, levels) {
    placeImages(scene);
    this.transport.setTimeline(scene, this.transport.step);
    this.stage.showFigure(scene, levels, this.transport.player.step);
    this.hasFigure = true;
  }

  /** Load the image again, as the zoom asks for another number of pixels. */
  refreshImage() {
    if (this.layout && !this.hasFigure) this.pictures.loadStep(this.transport.step, this.stage.ratio);
  }

  /** @param {boolean} isChosen whether the reader chose the step */
  seek(isChosen) {
    if (this.hasFigure) this.stage.seek(this.transport.player.step);
    else this.pictures.loadStep(this.transport.step, this.stage.ratio);
    if (isChosen) this.writeAddress();
  }

  writeAddress() {
    const { template, layer } = this.view;
    const isFollowing = this.opened?.run.growing && this.transport.isAtEnd;
    writeAddress({ template, layer, step: isFollowing ? null : this.transport.step });
  }

  /** @param {string} name */
  setTemplate(name) {
    this.view = { ...this.view, template: name, text: null };
    this.templates.setCurrent(name);
    this.stage.select(null);
    this.layOut();
  }

  /** @param {import("./contract.js").PanelBox} panel */
  async choosePanel({ name }) {
    this.stage.select(name);
    const key = `panels.${name}.`;
    await navigator.clipboard.writeText(key);
    this.tellCopied(key);
  }

  /** @param {string} text */
  tellCopied(text) {
    this.notices.tell(`Copied ${text}`);
  }

  /** @param {Diagnostic[]} diagnostics */
  showMistakes(diagnostics) {
    this.mistakes.show(diagnostics, Boolean(this.layout));
    this.stage.element.classList.toggle("outdated", diagnostics.length > 0);
    if (diagnostics.length && !this.layout) this.stage.say(" ");
  }

  /** @param {string} message */
  showError(message) {
    this.notices.showBanner(message, "error");
    if (!this.layout) this.stage.say(" ");
  }

  /**
   * The run has new steps.
   * @param {{steps: number[], growing: boolean}} run
   */
  grow({ steps, growing }) {
    if (!this.opened) return;
    const isFirst = !this.opened.run.steps.length;
    const isFollowing = isFirst || this.transport.isAtEnd;
    Object.assign(this.opened.run, { steps, growing });
    this.live.hidden = !growing;
    const renew = () => {
      clearTimeout(this.growth);
      this.growth = 0;
      const { run } = /** @type {import("./contract.js").Opened} */ (this.opened);
      this.layOut(isFollowing ? run.steps[run.steps.length - 1] : this.step);
    };
    if (isFirst || !growing) renew();
    else if (!this.growth) this.growth = setTimeout(renew, GROWTH);
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const target = /** @type {HTMLElement} */ (event.target);
    const isSlider = target === this.transport.slider;
    if (target.closest("input, select, textarea, [contenteditable], [popover]") && !isSlider) return;
    if (event.key === "Escape") this.stage.select(null);
    else if (event.key === " " && target instanceof HTMLButtonElement) return;
    else if (!this.transport.press(event.key)) return;
    event.preventDefault();
  }
}
