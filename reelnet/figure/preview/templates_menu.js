// The menu of templates: a grid of all of them, each with its picture on this run.

import { make } from "../items.js";

const THUMBNAIL_WIDTH = 200;

/** A button that names the template, and the grid that it opens. */
export class TemplatesMenu {
  /**
   * @param {import("./contract.js").Connection} connection
   * @param {() => string | null} getLayer
   * @param {(name: string) => void} onChoose
   */
  constructor(connection, getLayer, onChoose) {
    this.connection = connection;
    this.getLayer = getLayer;
    this.onChoose = onChoose;
    this.current = "";
    /** @type {import("./contract.js").TemplateInfo[]} */
    this.templates = [];
    this.name = make("span", { class: "name" });
    this.button = make(
      "button",
      { type: "button", class: "menu", "aria-haspopup": "dialog", popovertarget: "templates" },
      this.name,
    );
    this.grid = make("div", { class: "grid" });
    this.popover = make(
      "div",
      { id: "templates", class: "templates", popover: "", role: "dialog", "aria-label": "Templates" },
      this.grid,
    );
    this.element = make("div", { class: "templates-menu" }, this.button, this.popover);
    /** Pictures are asked for once they are about to be seen. */
    this.observer = new IntersectionObserver(
      (entries) => {
        for (const { isIntersecting, target } of entries) {
          if (isIntersecting) this.loadThumbnail(/** @type {HTMLElement} */ (target));
        }
      },
      { root: this.popover, rootMargin: "200px" },
    );
    this.popover.addEventListener("toggle", (event) => {
      const isOpen = /** @type {ToggleEvent} */ (event).newState === "open";
      this.button.setAttribute("aria-expanded", String(isOpen));
      if (isOpen) this.open();
    });
    this.grid.addEventListener("keydown", (event) => this.press(event));
  }

  /**
   * @param {import("./contract.js").TemplateInfo[]} templates
   * @param {string} current
   */
  show(templates, current) {
    // One's own come first.
    this.templates = [
      ...templates.filter(({ writable }) => writable),
      ...templates.filter(({ writable }) => !writable),
    ];
    this.setCurrent(current);
    if (this.popover.matches(":popover-open")) this.fill();
  }

  /** @param {string} current */
  setCurrent(current) {
    this.current = current;
    this.name.textContent = current;
    this.button.setAttribute("aria-label", `Template: ${current}`);
  }

  open() {
    const { bottom } = this.button.getBoundingClientRect();
    this.popover.style.setProperty("--top", `${Math.min(bottom, innerHeight / 2)}px`);
    this.fill();
    /** @type {HTMLElement | null} */ (this.grid.querySelector("[aria-current]"))?.focus();
  }

  fill() {
    this.observer.disconnect();
    const cards = this.templates.map((template) => this.makeCard(template));
    this.grid.replaceChildren(...cards);
    for (const card of cards) this.observer.observe(card);
  }

  /** @param {import("./contract.js").TemplateInfo} template */
  makeCard({ name, about, writable, valid }) {
    const title = make("b", {}, name);
    const card = make(
      "button",
      { type: "button", class: "card", "data-name": name },
      make("span", { class: "thumbnail" }),
      title,
      make("span", { class: "about" }, about),
    );
    if (name === this.current) card.setAttribute("aria-current", "true");
    if (writable) title.append(make("span", { class: "badge" }, "yours"));
    if (!valid) title.append(make("span", { class: "badge" }, "has mistakes"));
    card.addEventListener("click", () => {
      this.popover.hidePopover();
      this.onChoose(name);
    });
    return card;
  }

  /** @param {HTMLElement} card */
  async loadThumbnail(card) {
    this.observer.unobserve(card);
    const parameters = { template: card.dataset.name, layer: this.getLayer(), width: THUMBNAIL_WIDTH * 2 };
    const frame = /** @type {HTMLElement} */ (card.querySelector(".thumbnail"));
    try {
      const { buffers } = await this.connection.call("thumbnail", parameters);
      const url = URL.createObjectURL(new Blob([buffers[0]], { type: "image/png" }));
      const image = make("img", { alt: "", src: url });
      image.addEventListener("load", () => URL.revokeObjectURL(url));
      frame.replaceChildren(image);
    } catch (error) {
      // What is said, without its place.
      const words = /** @type {Error} */ (error).message.split(": ").at(-1) ?? "";
      const reason = make("small", {}, words);
      frame.replaceChildren(make("span", {}, "Not for this run", reason));
    }
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const cards = /** @type {HTMLElement[]} */ ([...this.grid.children]);
    const at = cards.findIndex((card) => card.matches(":focus"));
    const perRow = cards.filter((card) => card.offsetTop === cards[0].offsetTop).length;
    /** @type {Record<string, number>} */
    const moves = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      ArrowUp: at - perRow,
      ArrowDown: at + perRow,
      Home: 0,
      End: cards.length - 1,
    };
    if (at < 0 || !(event.key in moves)) return;
    cards[moves[event.key]]?.focus();
    event.preventDefault();
    event.stopPropagation();
  }
}
