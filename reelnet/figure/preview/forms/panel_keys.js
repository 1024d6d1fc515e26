// What one panel is made of: its keys, what they do, and where they are written.

import { make } from "../../items.js";
import { Row } from "./row.js";
import { makeWords } from "./words.js";

/**
 * @typedef {Omit<import("./fields.js").Control, "label"> & {file: string, line: number}} PanelKey A key of a panel, and
 * where it is written.
 */

/**
 * @typedef {object} Panel
 * @property {string} name
 * @property {string} kind
 * @property {string} about
 * @property {string} file
 * @property {number} line
 * @property {string} link opens the file in an editor
 * @property {PanelKey[]} keys
 *
 * @typedef {{row: Row, place: HTMLElement}} Entry
 */

/**
 * @param {Panel} panel
 * @param {PanelKey} key
 * @returns {import("./fields.js").Control}
 */
const toControl = ({ name }, key) => ({ ...key, label: key.key.replace(`panels.${name}.`, "") });

/** A table of the keys of the panel that a reader has chosen. */
export class PanelKeys {
  /**
   * @param {object} page
   * @param {import("../editor/editor.js").Editor} page.editor
   * @param {(text: string) => void} page.onCopy called when a reader asks for the beginning of the panel's keys
   */
  constructor({ editor, onCopy }) {
    this.editor = editor;
    this.onCopy = onCopy;
    this.element = make("div", { class: "panel-keys" });
    this.place = make("span", { class: "place" });
    this.open = make("a", {}, "Open in editor");
    /** @type {string | null} */
    this.panel = null;
    this.serial = 0;
    /** The panel and the kinds of its keys, as the table was made for; empty if there is no table. */
    this.shape = "";
    /** @type {Map<string, Entry>} */
    this.entries = new Map();
    /** @type {import("../contract.js").Diagnostic[]} */
    this.problems = [];
    this.show(null);
  }

  /**
   * Say at each key what is wrong with its value.
   * @param {import("../contract.js").Diagnostic[]} problems
   */
  showProblems(problems) {
    this.problems = problems;
    for (const { row } of this.entries.values()) row.showProblems(problems);
  }

  /**
   * Show the keys of a panel.
   * @param {string | null} panel its name; null if none is chosen
   */
  async show(panel) {
    if (panel === this.panel && panel !== null) return;
    this.panel = panel;
    this.serial++;
    this.say(panel === null ? "Click a panel in the picture to see its keys." : "");
    await this.refresh();
  }

  /**
   * Show words instead of keys.
   * @param {string} words
   */
  say(words) {
    this.shape = "";
    this.element.replaceChildren(make("p", { class: "none" }, words));
  }

  /** Ask for the keys again. */
  async refresh() {
    if (this.panel === null) return;
    const { panel } = this;
    const serial = ++this.serial;
    try {
      const found = await this.editor.ask("panel", { panel });
      if (found && serial === this.serial) this.fill(found);
    } catch (error) {
      // While the text has mistakes, the keys of the last valid one stay.
      if (serial === this.serial && !this.shape) this.say(/** @type {Error} */ (error).message);
    }
  }

  /** @param {Panel} panel */
  fill(panel) {
    const shape = JSON.stringify([panel.name, panel.kind, panel.keys.map(({ key, kind }) => [key, kind])]);
    if (shape !== this.shape) this.build(panel);
    this.shape = shape;
    this.showProblems(this.problems);
    const at = panel.line ? `${panel.file}:${panel.line}` : panel.file;
    this.place.textContent = at;
    this.open.href = panel.link;
    this.open.hidden = !panel.link;
    for (const key of panel.keys) {
      const { row, place } = /** @type {Entry} */ (this.entries.get(key.key));
      row.show(toControl(panel, key));
      const own = key.line ? `${key.file}:${key.line}` : "";
      // Keys beside the panel's name need no place of their own.
      place.textContent = own === at ? "" : own;
    }
  }

  /** @param {Panel} panel */
  build(panel) {
    const prefix = `panels.${panel.name}.`;
    const copy = make(
      "button",
      { type: "button", class: "copy", title: `Copy ${prefix}` },
      make("code", {}, prefix),
    );
    copy.addEventListener("click", () => this.onCopy(prefix));
    const kind = panel.kind === panel.name ? "" : panel.kind;
    const title = make("h2", {}, panel.name, " ", make("span", { class: "kind" }, kind));
    const tools = make("p", { class: "tools" }, copy, this.open);
    const head = make(
      "header",
      {},
      title,
      make("p", { class: "about" }, ...makeWords(panel.about)),
      this.place,
      tools,
    );
    this.entries = new Map();
    // What is written comes first. It stays there until another panel is shown, so that nothing jumps.
    const keys = [...panel.keys.filter(({ line }) => line), ...panel.keys.filter(({ line }) => !line)];
    this.element.replaceChildren(head, ...keys.map((key) => this.makeEntry(panel, key)));
  }

  /**
   * @param {Panel} panel
   * @param {PanelKey} key
   */
  makeEntry(panel, key) {
    const row = new Row(toControl(panel, key), this.editor);
    const place = make("span", { class: "place" });
    this.entries.set(key.key, { row, place });
    return make(
      "div",
      { class: "entry" },
      row.element,
      make("p", { class: "info" }, ...makeWords(key.info), place),
    );
  }
}
