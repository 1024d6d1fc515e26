// Short words of the page itself: a banner while something lasts, and a note after something was done.

import { make } from "../items.js";

const NOTE_TIME = 2000;

/** The banner above the stage, and the note over it. */
export class Notices {
  constructor() {
    this.banner = make("div", { class: "banner", role: "status" });
    this.note = make("div", { class: "toast", role: "status" });
    this.timer = 0;
  }

  /**
   * @param {string} text empty for no banner
   * @param {"calm" | "error"} kind
   */
  showBanner(text, kind = "calm") {
    this.banner.textContent = text;
    this.banner.className = `banner ${kind}`;
  }

  /** @param {string} text */
  tell(text) {
    this.note.textContent = text;
    this.note.classList.add("shown");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.note.classList.remove("shown"), NOTE_TIME);
  }
}
