// What one panel is made of: its keys, what they do, and where they are written.

import { make } from "../../items.js";
import { toText } from "./fields.js";
import { Row } from "./row.js";

/**
 * @typedef {object} PanelKey
 * @property {string} key
 * @property {any} value
 * @property {any} default
 * @property {string} info
 * @property {string} file
 * @property {number} line
 * @property {boolean} is_set
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
 * @typedef {{row: Row | null, place: HTMLElement}} Entry
 */

/** Milliseconds for which the page says that something was copied. */
const CONFIRMATION = 1600;

/**
 * The key, and the kind of field that suits its values.
 * @param {PanelKey} key
 * @returns {[string, import("./fields.js").Control["kind"] | "other"]}
 */
function describeShape({ key, value, default: fallback }) {
  const known = value ?? fallback;
  if (typeof known === "boolean") return [key, "flag"];
  if (typeof known === "number") return [key, "number"];
  return [key, typeof known === "object" && known !== null ? "other" : "text"];
}

/**
 * @param {PanelKey} key
 * @returns {import("./fields.js").Control}
 */
function toControl(key) {
  const kind = /** @type {import("./fields.js").Control["kind"]} */ (describeShape(key)[1]);
  return { ...key, label: key.key.split(".").slice(2).join("."), kind };
}

/** A table of the keys of the panel that a reader has chosen. */
export class PanelKeys {
  /**
   * @param {object} page
   * @param {import("../contract.js").Connection} page.connection
   * @param {() => import("../contract.js").View} page.getView
   * @param {import("../editor/editor.js").Editor} page.editor
   */
  constructor({ connection, getView, editor }) {
    this.connection = connection;
    this.getView = getView;
    this.editor = editor;
    this.element = make("div", { class: "panel-keys" });
    /** @type {string | null} */
    this.panel = null;
    this.serial = 0;
    this.shape = "";
    /** @type {Map<string, Entry>} */
    this.entries = new Map();
    this.show(null);
  }

  /**
   * Show the keys of a panel.
   * @param {string | null} panel its name; null if none is chosen
   */
  async show(panel) {
    this.panel = panel;
    if (panel === null) {
      this.serial++;
      this.shape = "";
      this.element.replaceChildren(
        make("p", { class: "none" }, "Click a panel in the picture to see its keys."),
      );
      return;
    }
    await this.refresh();
  }

  /** Ask for the keys again. */
  async refresh() {
    if (this.panel === null) return;
    const { panel } = this;
    const serial = ++this.serial;
    const { answer } = await this.connection.call("panel", { view: this.getView(), panel });
    if (serial === this.serial) this.fill(answer);
  }

  /** @param {Panel} panel */
  fill(panel) {
    const shape = JSON.stringify([panel.name, panel.keys.map(describeShape)]);
    if (shape !== this.shape) this.build(panel);
    this.shape = shape;
    for (const key of panel.keys) {
      const { row, place } = /** @type {Entry} */ (this.entries.get(key.key));
      row?.show(toControl(key));
      place.textContent = key.line ? `${key.file}:${key.line}` : "";
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
    const note = make("span", { class: "copied", role: "status" });
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(prefix);
      note.textContent = `Copied ${prefix}`;
      setTimeout(() => (note.textContent = ""), CONFIRMATION);
    });
    const open = make("a", { href: panel.link, class: "open" }, "Open in editor");
    const place = make("span", { class: "place" }, panel.line ? `${panel.file}:${panel.line}` : panel.file);
    const title = make("h2", {}, panel.name, " ", make("span", { class: "kind" }, panel.kind));
    const tools = make("p", { class: "tools" }, copy, open, note);
    const head = make("header", {}, title, make("p", { class: "about" }, panel.about), place, tools);
    this.entries = new Map();
    this.element.replaceChildren(head, ...panel.keys.map((key) => this.makeEntry(key)));
  }

  /** @param {PanelKey} key */
  makeEntry(key) {
    const place = make("span", { class: "place" });
    const info = make("p", { class: "info" }, key.info, " ", place);
    if (describeShape(key)[1] === "other") {
      this.entries.set(key.key, { row: null, place });
      const value = make("code", { class: "value" }, toText(key.value ?? key.default));
      const name = make("span", { class: "name" }, key.key);
      return make("div", { class: "entry" }, make("div", { class: "row" }, name, value), info);
    }
    const row = new Row(toControl(key), this.editor);
    this.entries.set(key.key, { row, place });
    return make("div", { class: "entry" }, row.element, info);
  }
}
