// One row of a form: a key of the template with its field, a way back to its default, and what is wrong with it.

import { make } from "../../items.js";
import { makeField } from "./fields.js";
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
    const id = `control-${control.key}`;
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
    this.show(control);
  }

  /** @param {Control} control */
  show(control) {
    this.label.textContent = control.label;
    this.element.title = `${control.info}${control.info ? "\n" : ""}${control.key}`;
    this.element.classList.toggle("set", control.is_set);
    this.reset.style.visibility = control.is_set ? "visible" : "hidden";
    this.reset.title = `Remove ${control.key} from the template`;
    this.reset.setAttribute("aria-label", `Reset ${control.label}`);
    this.field.show(control);
  }

  /** @param {any} value */
  async send(value) {
    try {
      await this.editor.write(this.key, value);
      this.error.hidden = true;
    } catch (error) {
      this.error.textContent = error instanceof Error ? error.message : String(error);
      this.error.hidden = false;
    }
  }
}
