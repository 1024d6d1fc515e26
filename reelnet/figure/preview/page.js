// The page of a preview: what it shows, and how its parts work together.

import { make } from "../items.js";
import { placeImages } from "../scene.js";
import { Controls } from "./forms/controls.js";
import { Editor } from "./editor/editor.js";
import { Mistakes } from "./mistakes.js";
import { Notices } from "./notices.js";
import { Outputs } from "./outputs.js";
import { PanelKeys } from "./forms/panel_keys.js";
import { Pictures } from "./pictures.js";
import { Problems } from "./editor/problems.js";
import { SaveBar } from "./editor/save_bar.js";
import { SideBar } from "./side_bar.js";
import { Stage } from "./stage.js";
import { TemplatesMenu } from "./templates_menu.js";
import { Transport } from "./transport.js";

/** @typedef {import("./contract.js").Diagnostic} Diagnostic */
/** @typedef {import("./contract.js").Place} Place */

const ZOOMS = /** @type {const} */ ({ Fit: "fit", "100 %": 1, "200 %": 2 });
/** Milliseconds between pictures of a run that grows, at least; so that the training is not slowed down. */
const GROWTH = 1000;
/** Milliseconds after which a mistake in what is being typed is shown over the picture. */
const PATIENCE = 600;
const LOST = "The connection was lost. Connecting again …";
const ENDED =
  "The preview has ended. It begins again at another address; what was written here is still here.";

/** One page on one preview. */
export class Page {
  /**
   * @param {HTMLElement} root an empty element, in the document or in a shadow tree
   * @param {import("./contract.js").Connection} connection
   * @param {(place: Place) => void} onPlace called when the reader has chosen another template, layer or step
   */
  constructor(root, connection, onPlace) {
    this.root = root;
    this.connection = connection;
    this.onPlace = onPlace;
    this.closing = new AbortController();
    /** @type {import("./contract.js").Opened | null} */
    this.opened = null;
    /** @type {import("./contract.js").View} */
    this.view = { template: "", text: null, layer: null };
    /** @type {import("./contract.js").Layout | null} */
    this.layout = null;
    this.hasFigure = false;
    this.isChecking = false;
    this.mustCheck = false;
    this.patience = 0;
    this.growth = 0;
    /** @type {number | null} the shown step when a layout was asked for */
    this.stepBefore = null;
    const getView = () => this.view;
    this.notices = new Notices();
    this.stage = new Stage(
      (panel) => this.choosePanel(panel.name),
      () => this.refreshImage(),
    );
    this.pictures = new Pictures(connection, getView, {
      showLayout: (layout, png) => this.showLayout(layout, png),
      showStep: (step, png) => this.stage.showStep(step, png, this.layout?.layer ?? ""),
      showFigure: (scene, levels) => this.showFigure(scene, levels),
      showNoFigure: (why) => this.notices.showBanner(`Each step is loaded by itself: ${why}`),
      showMistakes: (diagnostics) => this.showMistakes(diagnostics, [], 0),
      showError: (message) => this.showError(message),
    });
    this.transport = new Transport((isChosen) => this.seek(isChosen));
    this.templates = new TemplatesMenu(
      connection,
      () => this.view.layer,
      (name) => this.setTemplate(name),
    );
    const goTo = (/** @type {Diagnostic} */ problem) => this.goTo(problem);
    this.mistakes = new Mistakes(goTo);
    this.problems = new Problems({ onGo: goTo });
    this.editor = new Editor({
      root: /** @type {Document | ShadowRoot} */ (root.getRootNode()),
      connection,
      getView,
      onText: (text, origin) => this.edit(text, origin),
    });
    this.saveBar = new SaveBar({ connection, editor: this.editor, onSaved: (name) => this.follow(name) });
    this.controls = new Controls({ editor: this.editor });
    this.panelKeys = new PanelKeys({
      editor: this.editor,
      onCopy: (text) => this.copy(text),
    });
    this.outputs = new Outputs(connection, getView, this.pictures.client, (text) => this.copy(text));
    this.sideBar = this.makeSideBar();
    this.runName = make("h1");
    this.loss = "";
    this.live = make("span", { class: "live", hidden: "" }, "Live");
    this.layers = make("select", { "aria-label": "Layer" });
    this.zooms = this.makeZooms();
    this.build();
    this.listen();
  }

  makeSideBar() {
    const { editor, problems, saveBar, controls, panelKeys, outputs } = this;
    const template = make("div", { class: "template" }, editor.element, problems.element);
    return new SideBar(
      this.root,
      [
        { name: "template", title: "Template", element: template },
        { name: "controls", title: "Controls", element: controls.element },
        { name: "panel", title: "Panel", element: panelKeys.element },
        { name: "output", title: "Output", element: outputs.element },
      ],
      saveBar.element,
      (name) => this.refreshTab(name),
    );
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
    this.root.replaceChildren(head, main, this.sideBar.element);
    this.stage.say("Loading …");
  }

  listen() {
    const { connection } = this;
    this.layers.addEventListener("change", () => {
      this.view.layer = this.layers.value;
      this.layOut();
    });
    this.root.addEventListener("keydown", (event) => {
      if (this.saveBar.press(event) || this.press(event)) event.preventDefault();
    });
    document.addEventListener(
      "visibilitychange",
      () => this.transport.player.setVisible(!document.hidden),
      this.closing,
    );
    this.problems.addEventListener("change", () => this.sideBar.showCount("template", this.problems.count));
    connection.on("file", ({ template, sha256 }) => {
      // What this page has saved is shown already.
      const isKnown = this.view.text === null && sha256 === this.saveBar.saved?.sha256;
      if (template === this.view.template && !isKnown) this.layOut();
    });
    connection.on("templates", () => this.open());
    connection.on("run", (run) => this.grow(run));
    connection.on("end", ({ words = ENDED }) => this.showLoss(words));
    connection.on("lost", () => this.showLoss(this.loss || LOST));
    connection.on("back", () => {
      this.loss = "";
      this.notices.showBanner("");
      this.open().then(() => this.layOut());
    });
  }

  /**
   * Show what the preview begins with, unless the reader wants something else.
   * @param {Place} wanted
   */
  async start(wanted) {
    await this.open();
    if (!this.opened) return;
    const { start, templates } = this.opened;
    const isKnown = templates.some(({ name }) => name === wanted.template);
    this.view.template = isKnown && wanted.template !== null ? wanted.template : start.template;
    this.view.layer = wanted.layer ?? start.layer;
    this.templates.setCurrent(this.view.template);
    const { text = null } = start;
    this.view.text = text;
    await Promise.all([this.layOut(wanted.step ?? start.step), this.saveBar.open(this.view.template, text)]);
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
    this.runName.textContent = run.name.split(/[\\/]/).findLast(Boolean) ?? run.name;
    this.runName.title = run.name;
    this.live.hidden = !run.growing;
    this.layers.replaceChildren(...run.layers.map(({ name }) => make("option", {}, name)));
    if (this.layout) this.layers.value = this.layout.layer;
    this.templates.show(templates, this.view.template);
    this.outputs.fill(this.opened);
  }

  get step() {
    return this.layout ? this.transport.step : null;
  }

  /**
   * Lay out what is to be seen, and then load all of its steps.
   * @param {number | null} step
   * @param {boolean} isAwaited whether the reader waits for it; a sign that moves would take time from a training
   */
  async layOut(step = this.step, isAwaited = true) {
    if (!this.opened?.run.steps.length) {
      this.stage.say("Waiting for the first step of the run …");
      return;
    }
    this.outputs.refresh(this.opened.run.growing);
    this.stepBefore = this.step;
    this.stage.setBusy(isAwaited);
    const isShown = await this.pictures.layOut(step, this.stage.ratio);
    this.stage.setBusy(this.pictures.isLayingOut);
    if (!isShown) return;
    this.refreshTab(this.sideBar.current);
    if (!this.opened.run.growing) await this.pictures.loadFigure();
  }

  /**
   * @param {import("./contract.js").Layout} layout
   * @param {Uint8Array<ArrayBuffer>} png
   */
  async showLayout(layout, png) {
    await this.stage.showLayout(layout, png);
    // The reader may have moved on meanwhile, or the reel plays.
    const hasMoved = this.layout !== null && this.step !== this.stepBefore;
    const step = hasMoved ? this.transport.step : layout.step;
    this.layout = layout;
    this.hasFigure = false;
    this.layers.value = layout.layer;
    const milliseconds = (1000 * layout.seconds) / layout.steps.length;
    const frames = layout.steps.map((_, index) => /** @type {[number, number]} */ ([index, milliseconds]));
    this.transport.setTimeline({ steps: layout.steps, frames, loop: null }, step);
    if (hasMoved) this.pictures.loadStep(step, this.stage.ratio);
    this.showMistakes([], layout.notes, 0);
    this.notices.showBanner("");
    this.tellPlace();
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
    if (isChosen) this.tellPlace();
  }

  tellPlace() {
    const { template, layer } = this.view;
    const isFollowing = this.opened?.run.growing && this.transport.isAtEnd;
    this.onPlace({ template, layer, step: isFollowing ? null : this.transport.step });
  }

  /** Whether there are texts that are not on disk. */
  get isUnsaved() {
    return this.saveBar.isUnsaved;
  }

  /** End all that would go on without the page's elements. */
  close() {
    this.closing.abort();
    this.transport.player.pause();
    clearTimeout(this.growth);
  }

  /** @param {string} name */
  setTemplate(name) {
    if (name === this.view.template) return;
    this.view = { ...this.view, template: name, text: null };
    this.templates.setCurrent(name);
    this.choosePanel(null);
    this.layOut();
    this.saveBar.open(name);
  }

  /**
   * The editor has another text.
   * @param {string} text
   * @param {import("./editor/editor.js").Origin} origin
   */
  edit(text, origin) {
    const before = this.view.text;
    this.view.text = text === this.saveBar.saved?.text ? null : text;
    // What lies on disk has been laid out already.
    if (this.view.text !== before) this.check(origin === "typed" ? PATIENCE : 0);
  }

  /**
   * Find the mistakes of the text, and lay it out if there are none.
   * @param {number} patience milliseconds until mistakes are shown over the picture
   */
  async check(patience) {
    this.mustCheck = true;
    if (this.isChecking) return;
    this.isChecking = true;
    this.stage.setBusy(true);
    while (this.mustCheck) {
      this.mustCheck = false;
      const answer = await this.pictures.ask("check", {});
      if (!answer || this.mustCheck) continue;
      const { diagnostics, notes } = answer.answer;
      this.showMistakes(diagnostics, notes, patience);
      if (!diagnostics.length) this.layOut();
    }
    this.isChecking = false;
    this.stage.setBusy(this.pictures.isLayingOut);
  }

  /**
   * The text was saved, perhaps under a new name.
   * @param {string} name
   */
  follow(name) {
    this.view.text = null;
    if (name === this.view.template) return;
    this.view.template = name;
    this.open();
    this.tellPlace();
  }

  /**
   * Show what a tab has to say about the template as it is now.
   * @param {string} name
   */
  refreshTab(name) {
    this.outputs.setOpen(name === "output");
    const tab = { controls: this.controls, panel: this.panelKeys }[name];
    // A text with mistakes has no values to show; those of the last valid one stay.
    tab?.refresh().catch(() => {});
  }

  /** @param {Diagnostic} problem */
  goTo({ line, column }) {
    this.sideBar.open("template");
    this.editor.goTo(line, column);
  }

  /** @param {string | null} name */
  choosePanel(name) {
    this.stage.select(name);
    this.panelKeys.show(name).catch((error) => this.showError(error.message));
    if (name === null) return;
    this.sideBar.open("panel");
    this.copy(`panels.${name}.`);
  }

  /** @param {string} text */
  async copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      this.notices.tell(`Copied ${text}`);
    } catch {
      // Browsers refuse this to pages that are not in front, and to those of other machines.
      this.notices.tell(text);
    }
  }

  /**
   * @param {Diagnostic[]} diagnostics
   * @param {string[]} notes
   * @param {number} patience milliseconds until they are shown over the picture: a word that is being typed is no mistake
   */
  showMistakes(diagnostics, notes, patience) {
    this.editor.showProblems(diagnostics);
    this.problems.show(diagnostics, notes);
    this.controls.showProblems(diagnostics);
    this.panelKeys.showProblems(diagnostics);
    clearTimeout(this.patience);
    const show = () => {
      this.mistakes.show(diagnostics, Boolean(this.layout));
      this.stage.element.classList.toggle("outdated", diagnostics.length > 0);
      if (diagnostics.length && !this.layout) this.stage.say(" ");
    };
    if (diagnostics.length && !this.mistakes.element.hidden) show();
    else if (diagnostics.length) this.patience = setTimeout(show, patience);
    else if (!this.mistakes.element.hidden) show();
  }

  /** @param {string} words why the preview does not answer */
  showLoss(words) {
    this.loss = words;
    this.notices.showBanner(words);
  }

  /** @param {string} message */
  showError(message) {
    // While the connection is lost, what fails for want of it is no news.
    if (this.loss) return;
    this.notices.showBanner(message, "error");
    if (!this.layout) this.stage.say(" ");
  }

  /**
   * The run has new steps.
   * @param {{steps: number[], growing: boolean}} run
   */
  grow({ steps, growing }) {
    if (!this.opened) return;
    const { run } = this.opened;
    const isFirst = !run.steps.length;
    run.growing = growing;
    if (steps.length) run.steps = steps;
    this.live.hidden = !growing;
    const renew = () => {
      clearTimeout(this.growth);
      this.growth = 0;
      const isFollowing = isFirst || this.transport.isAtEnd;
      this.layOut(isFollowing ? run.steps[run.steps.length - 1] : this.step, isFirst);
    };
    if (isFirst || !growing) renew();
    else if (!this.growth) this.growth = setTimeout(renew, GROWTH);
  }

  /**
   * @param {KeyboardEvent} event
   * @returns {boolean} whether the key means anything
   */
  press(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return false;
    const target = /** @type {HTMLElement} */ (event.target);
    const isSlider = target === this.transport.slider;
    if (target.closest("input, select, textarea, [contenteditable], [popover]") && !isSlider) return false;
    if (event.key === " " && target instanceof HTMLButtonElement) return false;
    if (event.key !== "Escape") return this.transport.press(event.key);
    // The browser closes what is open.
    if (this.root.querySelector(":popover-open")) return false;
    this.choosePanel(null);
    return true;
  }
}
