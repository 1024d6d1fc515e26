// What is wrong with the template: all of it, by file, with a way to each place.

import { make } from "../../items.js";

/** The list of problems. Sends "change" when it shows others. */
export class Problems extends EventTarget {
  /**
   * @param {object} page
   * @param {(problem: import("../contract.js").Diagnostic) => void} page.onGo called when a reader chooses a problem of the text
   */
  constructor({ onGo }) {
    super();
    this.onGo = onGo;
    this.count = 0;
    this.element = make("div", { class: "problems" });
    this.show([], []);
  }

  /**
   * @param {import("../contract.js").Diagnostic[]} problems
   * @param {string[]} notes what is worth knowing, and no mistake
   */
  show(problems, notes) {
    /** @type {Map<string, import("../contract.js").Diagnostic[]>} */
    const files = new Map();
    for (const problem of problems) files.set(problem.file, [...(files.get(problem.file) ?? []), problem]);
    const parts = [...files].map(([file, group]) => {
      const list = make("ul", {}, ...group.map((problem) => this.makeItem(problem)));
      return make("section", {}, ...(file ? [make("h2", {}, file)] : []), list);
    });
    if (!problems.length) parts.push(make("p", { class: "none" }, "No problems."));
    if (notes.length) {
      const list = make("ul", { class: "notes" }, ...notes.map((note) => make("li", {}, note)));
      parts.push(make("section", {}, make("h2", {}, "Notes"), list));
    }
    this.element.replaceChildren(...parts);
    this.count = problems.length;
    this.dispatchEvent(new Event("change"));
  }

  /** @param {import("../contract.js").Diagnostic} problem */
  makeItem(problem) {
    const { line, column, key, message, here } = problem;
    const place = make("span", { class: "place" }, line ? `${line}:${column}` : "");
    const words = make("span", { class: "words" }, ...(key ? [make("code", {}, key), " "] : []), message);
    if (!here || !line) return make("li", {}, place, words);
    const button = make("button", { type: "button" }, place, words);
    button.addEventListener("click", () => this.onGo(problem));
    return make("li", {}, button);
  }
}
