// The side bar: tabs, and its width, which readers choose. On narrow screens it lies below the picture.

import { make } from "../items.js";

const KEY = "reelnet-side-bar";
const NARROWEST = 320;
const STEP = 16;

/** @typedef {{name: string, title: string, element: HTMLElement}} Tab */

/** Tabs beside the stage. */
export class SideBar {
  /**
   * @param {HTMLElement} root whose style says how wide the side bar is
   * @param {Tab[]} tabs
   * @param {HTMLElement} foot what stands below each tab
   * @param {(name: string) => void} onOpen
   */
  constructor(root, tabs, foot, onOpen) {
    this.root = root;
    this.tabs = tabs;
    this.onOpen = onOpen;
    this.current = "";
    this.buttons = tabs.map(({ name, title, element }) => {
      const button = make("button", { type: "button", role: "tab", id: `tab-${name}` }, title);
      button.setAttribute("aria-controls", `panel-${name}`);
      button.addEventListener("click", () => this.open(name));
      element.id = `panel-${name}`;
      element.setAttribute("role", "tabpanel");
      element.setAttribute("aria-labelledby", `tab-${name}`);
      element.classList.add("tab");
      return button;
    });
    const list = make("div", { role: "tablist", "aria-label": "Side bar", class: "tabs" }, ...this.buttons);
    list.addEventListener("keydown", (event) => this.press(event));
    this.handle = make("div", {
      class: "handle",
      role: "separator",
      tabindex: "0",
      "aria-orientation": "vertical",
      "aria-label": "Width of the side bar",
      "aria-valuemin": String(NARROWEST),
      "aria-valuenow": String(NARROWEST),
    });
    this.element = make("aside", { class: "side-bar", "aria-label": "Template and output" });
    this.element.append(this.handle, list, ...tabs.map(({ element }) => element), foot);
    new ResizeObserver(() => {
      this.handle.setAttribute("aria-valuenow", String(this.element.offsetWidth));
    }).observe(this.element);
    this.handle.addEventListener("pointerdown", (event) => this.startDrag(event));
    this.handle.addEventListener("keydown", (event) => {
      const moves = /** @type {Record<string, number>} */ ({ ArrowLeft: STEP, ArrowRight: -STEP });
      if (!(event.key in moves)) return;
      this.setWidth(this.element.offsetWidth + moves[event.key]);
      event.preventDefault();
      event.stopPropagation();
    });
    const width = Number(readSetting());
    if (width) this.setWidth(width);
    this.open(tabs[0].name);
  }

  /** @param {string} name */
  open(name) {
    this.current = name;
    this.tabs.forEach((tab, index) => {
      const isOpen = tab.name === name;
      tab.element.hidden = !isOpen;
      this.buttons[index].setAttribute("aria-selected", String(isOpen));
      this.buttons[index].tabIndex = isOpen ? 0 : -1;
    });
    this.onOpen(name);
  }

  /**
   * Show a number beside the title of a tab, or none if it is 0.
   * @param {string} name
   * @param {number} count
   */
  showCount(name, count) {
    const index = this.tabs.findIndex((tab) => tab.name === name);
    const mark = count ? [make("span", { class: "problems-count" }, String(count))] : [];
    this.buttons[index].replaceChildren(this.tabs[index].title, ...mark);
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const at = this.tabs.findIndex(({ name }) => name === this.current);
    const last = this.tabs.length - 1;
    /** @type {Record<string, number>} */
    const moves = {
      ArrowLeft: at ? at - 1 : last,
      ArrowRight: at < last ? at + 1 : 0,
      Home: 0,
      End: last,
    };
    if (!(event.key in moves)) return;
    this.open(this.tabs[moves[event.key]].name);
    this.buttons[moves[event.key]].focus();
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {PointerEvent} event */
  startDrag(event) {
    const follow = (/** @type {PointerEvent} */ moved) => {
      this.setWidth(this.element.getBoundingClientRect().right - moved.clientX);
    };
    this.handle.setPointerCapture(event.pointerId);
    this.handle.addEventListener("pointermove", follow);
    for (const name of ["pointerup", "pointercancel"]) {
      this.handle.addEventListener(name, () => this.handle.removeEventListener("pointermove", follow), {
        once: true,
      });
    }
    event.preventDefault();
  }

  /** @param {number} width in CSS pixels */
  setWidth(width) {
    const chosen = Math.round(Math.max(NARROWEST, width));
    this.root.style.setProperty("--side-bar", `${chosen}px`);
    writeSetting(String(chosen));
  }
}

function readSetting() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    // Some browsers keep nothing for local pages.
    return null;
  }
}

/** @param {string} value */
function writeSetting(value) {
  try {
    localStorage.setItem(KEY, value);
  } catch {
    // The width is the default one again at the next visit.
  }
}
