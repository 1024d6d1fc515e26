// The form: the keys that most authors change. What it changes, it writes into the text.

import { make } from "../../items.js";
import { Row } from "./row.js";

/** @typedef {import("./fields.js").Control} Control */

/** The controls of the current template, in groups. */
export class Controls {
  /**
   * @param {object} page
   * @param {import("../editor/editor.js").Editor} page.editor
   */
  constructor({ editor }) {
    this.editor = editor;
    this.element = make("div", { class: "settings" });
    /** @type {Map<string, Row>} */
    this.rows = new Map();
    this.shape = "";
    this.serial = 0;
    /** @type {import("../contract.js").Diagnostic[]} */
    this.problems = [];
  }

  /**
   * Say at each control what is wrong with its value.
   * @param {import("../contract.js").Diagnostic[]} problems
   */
  showProblems(problems) {
    this.problems = problems;
    for (const row of this.rows.values()) row.showProblems(problems);
  }

  /** Ask for the controls of the text, and show them. */
  async refresh() {
    const serial = ++this.serial;
    // While the text has mistakes, the controls of the last valid one stay.
    const found = await this.editor.ask("controls", {}).catch(() => null);
    if (found && serial === this.serial) this.show(found.groups);
  }

  /** @param {{title: string, controls: Control[]}[]} groups */
  show(groups) {
    const shape = JSON.stringify(
      groups.map(({ title, controls }) => [title, controls.map((each) => [each.key, each.kind])]),
    );
    if (shape !== this.shape) this.build(groups);
    this.shape = shape;
    this.showProblems(this.problems);
    for (const control of groups.flatMap(({ controls }) => controls))
      this.rows.get(control.key)?.show(control);
  }

  /**
   * Make the form, with the rows that it has already.
   * @param {{title: string, controls: Control[]}[]} groups
   */
  build(groups) {
    const before = this.rows;
    const closed = new Set([...this.element.querySelectorAll("details:not([open])")].map((each) => each.id));
    const focus = this.element.querySelector(":focus");
    this.rows = new Map();
    const parts = groups.map(({ title, controls }) => {
      const rows = controls.map((control) => {
        const known = before.get(control.key);
        const row = known?.kind === control.kind ? known : new Row(control, this.editor);
        this.rows.set(control.key, row);
        return row.element;
      });
      const group = make("details", { id: `group-${title}` }, make("summary", {}, title), ...rows);
      group.open = !closed.has(group.id);
      return group;
    });
    this.element.replaceChildren(...parts);
    if (focus instanceof HTMLElement && this.element.contains(focus)) focus.focus({ preventScroll: true });
  }
}
