// Mistakes of a template over the last picture that could be laid out.

import { make } from "../items.js";

/** The list of mistakes on the stage. */
export class Mistakes {
  /** @param {(diagnostic: import("./contract.js").Diagnostic) => void} onGoTo called when the reader chooses one */
  constructor(onGoTo) {
    this.onGoTo = onGoTo;
    this.title = make("h2");
    this.list = make("ul");
    this.hint = make("p", { class: "muted" });
    this.element = make("section", { class: "mistakes", role: "status", hidden: "" });
    this.element.append(make("header", {}, this.title, this.hint), this.list);
  }

  /**
   * @param {import("./contract.js").Diagnostic[]} diagnostics
   * @param {boolean} hasPicture whether there is a picture below
   */
  show(diagnostics, hasPicture) {
    const count = diagnostics.length;
    this.element.hidden = !count;
    this.title.textContent = count === 1 ? "1 mistake" : `${count} mistakes`;
    this.hint.textContent = hasPicture ? "Showing the last valid picture" : "There is no picture yet";
    this.list.replaceChildren(...diagnostics.map((each) => make("li", {}, this.makeLine(each))));
  }

  /** @param {import("./contract.js").Diagnostic} diagnostic */
  makeLine(diagnostic) {
    const { file, line, column, message, here } = diagnostic;
    const place = line ? `${file}:${line}:${column}:` : `${file}:`;
    const parts = [make("span", { class: "place" }, place), ` ${message}`];
    if (!here || !line) return make("span", {}, ...parts);
    const button = make("button", { type: "button" }, ...parts);
    button.addEventListener("click", () => this.onGoTo(diagnostic));
    return button;
  }
}
