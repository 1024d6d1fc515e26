// One row of a form: a key of the template with its field, a way back to its default, and what is wrong with it.

import { make } from "../../items.js";
import { makeField, makeId } from "./fields.js";
import { makeIcon } from "./icons.js";

/** @typedef {import("./fields.js").Control} Control */

/** A key of the template, which readers can change. */
export class Row {
  /**
   * @param {Control} control
   * @param {import("../editor/editor.js").Editor} editor
   */
  constructor(control, editor) {
    this.kind = control.kind;
    this.key = control.key;
    this.editor = editor;
    const id = makeId();
    this.field = makeField(control, (value) => this.send(value));
    this.label = make("label", { class: "name" });
    this.reset = make("button", { type: "button", class: "bare reset" });
    this.reset.append(makeIcon("reset"));
    this.reset.addEventListener("click", () => this.send(null));
    this.error = make("p", { class: "error", role: "status", hidden: "" });
    this.element = make(
      "div",
      { class: `row ${control.kind}-row` },
      this.label,
      this.field.element,
      this.reset,
      this.error,
    );
    const input = this.field.element.matches("textarea")
      ? this.field.element
      : this.field.element.querySelector("input:not([type=radio]):not([type=color]), select");
    if (input) {
      input.id = id;
      this.label.htmlFor = id;
    }
    this.input = input ?? this.field.element;
    this.failure = "";
    this.problem = "";
    this.show(control);
  }

  /** @param {Control} control */
  show(control) {
    this.label.textContent = control.label;
    this.input.setAttribute("aria-description", control.info);
    this.element.title = `${control.info}${control.info ? "\n" : ""}${control.key}`;
    this.markSet(control.is_set);
    this.reset.title = `Remove ${control.key} from the template`;
    this.reset.setAttribute("aria-label", `Reset ${control.label}`);
    this.field.show(control);
  }

  /** @param {boolean} isSet whether the template has the key */
  markSet(isSet) {
    this.element.classList.toggle("set", isSet);
    this.reset.style.visibility = isSet ? "visible" : "hidden";
  }

  /** @param {any} value */
  async send(value) {
    try {
      await this.editor.write(this.key, value);
      this.failure = "";
      // A value that does not fit can be taken back, too, although the template has no controls until then.
      this.markSet(value !== null);
    } catch (error) {
      this.failure = /** @type {Error} */ (error).message;
    }
    this.showError();
  }

  /**
   * Say what is wrong with the value in the text.
   * @param {import("../contract.js").Diagnostic[]} problems of the template
   */
  showProblems(problems) {
    const isMine = (/** @type {string} */ key) =>
      key === this.key || key.startsWith(`${this.key}.`) || key.startsWith(`${this.key}[`);
    this.problem = problems.find(({ key }) => isMine(key))?.message ?? "";
    this.showError();
  }

  showError() {
    const words = this.failure || this.problem;
    if (this.error.textContent !== words) this.error.textContent = words;
    this.error.hidden = !words;
  }
}
