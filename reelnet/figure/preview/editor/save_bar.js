// Saving: the state of the file, and what to do if it has changed on disk meanwhile.

import { make } from "../../items.js";
import { makeIcon } from "../forms/icons.js";

/** @typedef {import("../contract.js").Saved} Saved */
/** @typedef {{text: string, sha256: string}} OnDisk */

/** @param {string} text */
const normalize = (text) => text.replace(/^\ufeff/, "").replaceAll(/\r\n?/g, "\n");

/**
 * How many lines one text has that another one has not, in both directions.
 * @param {string} mine
 * @param {string} theirs
 * @returns {[number, number]} lines that only theirs has, and lines that only mine has
 */
function countLines(mine, theirs) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const line of theirs.split("\n")) counts.set(line, (counts.get(line) ?? 0) + 1);
  for (const line of mine.split("\n")) counts.set(line, (counts.get(line) ?? 0) - 1);
  let [added, removed] = [0, 0];
  for (const count of counts.values()) {
    added += Math.max(count, 0);
    removed -= Math.min(count, 0);
  }
  return [added, removed];
}

/**
 * @param {string} name
 * @param {"undo" | "redo"} icon
 * @param {string} keys
 */
function makeIconButton(name, icon, keys) {
  const button = make("button", {
    type: "button",
    class: "bare",
    title: `${name} (${keys})`,
    "aria-label": name,
  });
  button.append(makeIcon(icon));
  return button;
}

/** Save, Save as, Undo, Redo, and the state of the file. */
export class SaveBar {
  /**
   * @param {object} page
   * @param {import("../contract.js").Connection} page.connection
   * @param {import("./editor.js").Editor} page.editor
   * @param {(template: string) => void} page.onSaved called when a template was saved, under its own or a new name
   */
  constructor({ connection, editor, onSaved }) {
    this.connection = connection;
    this.editor = editor;
    this.onSaved = onSaved;
    this.template = "";
    /** What the editor's text began from. @type {Saved | null} */
    this.saved = null;
    /** What lies on disk, if that is something else. @type {OnDisk | null} */
    this.theirs = null;
    /** Texts of other templates that are not saved. @type {Map<string, {saved: Saved, text: string}>} */
    this.drafts = new Map();

    this.state = make("span", { class: "state", role: "status" });
    this.undo = makeIconButton("Undo", "undo", "Ctrl-Z");
    this.redo = makeIconButton("Redo", "redo", "Ctrl-Y");
    this.save = make("button", { type: "button", class: "primary", title: "Ctrl-S" }, "Save");
    this.saveAs = make("button", { type: "button" }, "Save as …");
    const parts = make("div", { class: "parts" }, this.state, this.undo, this.redo, this.saveAs, this.save);

    this.name = make("input", { type: "text", spellcheck: "false", autocapitalize: "off", required: "" });
    this.target = make("output", { class: "file" });
    this.confirm = make("button", { type: "submit", class: "primary" }, "Save");
    this.cancel = make("button", { type: "button" }, "Cancel");
    this.form = make(
      "form",
      { class: "save-as", hidden: "" },
      make("label", {}, "Name", this.name),
      this.target,
    );
    this.form.append(make("div", { class: "answers" }, this.cancel, this.confirm));

    this.question = make("p");
    this.keep = make("button", { type: "button" }, "Keep mine");
    this.take = make("button", { type: "button" }, "Take theirs");
    const answers = make("div", { class: "answers" }, this.keep, this.take);
    this.conflict = make("div", { class: "conflict", role: "alert", hidden: "" }, this.question, answers);
    this.error = make("p", { class: "error", role: "alert", hidden: "" });
    this.element = make("div", { class: "save-bar" }, parts, this.form, this.conflict, this.error);
    this.listen();
    this.update();
  }

  listen() {
    this.editor.addEventListener("change", () => this.update());
    this.undo.addEventListener("click", () => this.editor.undo());
    this.redo.addEventListener("click", () => this.editor.redo());
    this.save.addEventListener("click", () => this.saveText());
    this.saveAs.addEventListener("click", () => (this.form.hidden ? this.openForm() : this.closeForm()));
    this.cancel.addEventListener("click", () => this.closeForm());
    this.name.addEventListener("input", () => this.updateForm(false));
    this.form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.closeForm();
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.saveTextAs();
    });
    this.keep.addEventListener("click", () => this.keepMine());
    this.take.addEventListener("click", () => this.takeTheirs());
    this.connection.on("file", ({ template }) => {
      if (template === this.template) this.follow();
    });
    this.connection.on("templates", () => this.follow());
  }

  /** Whether the editor has a text that is not on disk. */
  get isChanged() {
    return this.saved !== null && this.editor.text !== this.saved.text;
  }

  /** Whether the file was deleted, so that its text is in the editor alone. */
  get isMissing() {
    return this.saved?.exists === false;
  }

  /** Whether this or another template has a text that is not on disk. */
  get isUnsaved() {
    return this.isChanged || this.isMissing || this.drafts.size > 0;
  }

  /**
   * Put the text of a template into the editor; or what was last written there and is not saved.
   * @param {string} template
   * @param {string | null} text what another editor left, and is not saved
   */
  async open(template, text = null) {
    if (this.saved && this.isChanged) {
      this.drafts.set(this.template, { saved: this.saved, text: this.editor.text });
    }
    this.template = template;
    this.saved = null;
    this.theirs = null;
    this.closeForm();
    const now = await this.read(template);
    if (!now || this.template !== template) return;
    const draft = this.drafts.get(template);
    this.drafts.delete(template);
    this.saved = draft?.saved ?? now;
    this.editor.setText(this.saved.text, { isUndoable: false });
    const shown = draft?.text ?? text;
    if (shown !== null) this.editor.setText(shown);
    this.meet(now);
  }

  /**
   * @param {string} template
   * @returns {Promise<Saved | null>} null if it cannot be read; the bar says so
   */
  async read(template) {
    const answer = await this.ask("read", { template });
    return answer && { ...answer, text: normalize(answer.text) };
  }

  /**
   * Call a method, and say what went wrong.
   * @param {string} method
   * @param {object} parameters
   */
  async ask(method, parameters) {
    this.error.hidden = true;
    try {
      return (await this.connection.call(method, parameters)).answer;
    } catch (error) {
      this.error.textContent = error instanceof Error ? error.message : String(error);
      this.error.hidden = false;
      return null;
    }
  }

  /** The file has changed: show its text if nothing is lost by it, and ask otherwise. */
  async follow() {
    const { template } = this;
    const now = await this.read(template);
    if (!now || !this.saved || this.template !== template) return;
    this.saved.exists = now.exists;
    if (now.sha256 !== this.saved.sha256) this.meet(now);
    else this.update();
  }

  /**
   * Take what lies on disk for what the text began from, unless both have changed.
   * @param {OnDisk} now
   */
  meet(now) {
    if (!this.saved) return;
    const isFree = !this.isChanged || now.text === this.editor.text;
    // Line breaks may have changed alone, which the editor does not show.
    if (isFree || now.text === this.saved.text) {
      this.saved = { ...this.saved, ...now };
      this.theirs = null;
      if (isFree) this.editor.setText(now.text, { from: "disk" });
    } else {
      this.theirs = now;
    }
    this.update();
  }

  keepMine() {
    if (!this.saved || !this.theirs) return;
    this.saved = { ...this.saved, ...this.theirs };
    this.theirs = null;
    this.update();
  }

  takeTheirs() {
    const { theirs } = this;
    this.keepMine();
    if (theirs) this.editor.setText(theirs.text, { from: "disk" });
    this.editor.focus();
  }

  /** Write the text to its file; a built-in template gets a name of its own. */
  async saveText() {
    const { saved, template } = this;
    if (!saved || this.theirs) return;
    if (!saved.writable) {
      this.openForm();
      return;
    }
    if (!this.isChanged && !this.isMissing) return;
    const { text } = this.editor;
    const answer = await this.ask("save", { template, text, sha256: saved.sha256 });
    if (!answer || this.template !== template) return;
    if (answer.conflict) {
      this.meet({ ...answer.conflict, text: normalize(answer.conflict.text) });
      if (!this.theirs) await this.saveText();
      return;
    }
    this.saved = { ...saved, text, sha256: answer.sha256, exists: true };
    this.update();
    this.onSaved(template);
  }

  async saveTextAs() {
    const { text } = this.editor;
    const name = this.name.value.trim();
    const replace = this.confirm.textContent === "Replace";
    const answer = await this.ask("save_as", { name, text, from: this.template, replace });
    if (!answer) {
      this.updateForm(!replace && /exist/.test(this.error.textContent ?? ""));
      return;
    }
    this.template = answer.template;
    this.saved = { ...answer, text: normalize(answer.text) };
    this.theirs = null;
    this.editor.setText(normalize(answer.text));
    this.closeForm();
    this.update();
    this.onSaved(answer.template);
  }

  openForm() {
    const base =
      this.template
        .split(/[\\/]/)
        .at(-1)
        ?.replace(/\.ya?ml$/, "") ?? "";
    this.name.value = this.saved?.writable ? `${base}-2` : `my-${base.replace(/^this /, "")}`;
    this.form.hidden = false;
    this.save.hidden = true;
    this.conflict.hidden = true;
    this.saveAs.setAttribute("aria-expanded", "true");
    this.updateForm(false);
    this.name.focus();
    this.name.select();
  }

  /** @param {boolean} isThere whether there is such a file */
  updateForm(isThere) {
    this.confirm.textContent = isThere ? "Replace" : "Save";
    this.target.textContent = `templates/${this.name.value.trim() || "…"}.yaml`;
  }

  closeForm() {
    this.error.hidden = true;
    this.saveAs.setAttribute("aria-expanded", "false");
    if (this.form.hidden) return;
    this.form.hidden = true;
    this.save.hidden = false;
    this.saveAs.focus();
    this.update();
  }

  update() {
    const { saved, theirs, isChanged, isMissing } = this;
    this.undo.disabled = !this.editor.canUndo;
    this.redo.disabled = !this.editor.canRedo;
    this.save.disabled = !saved || Boolean(theirs) || (saved.writable && !isChanged && !isMissing);
    this.state.textContent = this.describeState();
    this.state.classList.toggle("unsaved", isChanged || isMissing);
    this.conflict.hidden = !theirs || !this.form.hidden;
    if (!theirs || !saved) return;
    const [added, removed] = countLines(this.editor.text, theirs.text);
    this.question.textContent = `${saved.file} has changed on disk (+${added} −${removed} lines compared with yours).`;
  }

  describeState() {
    if (!this.saved) return "";
    if (this.theirs) return "Changed on disk";
    if (this.isMissing) return "Deleted on disk";
    if (this.isChanged) return "Not saved";
    if (this.saved.writable) return "Saved";
    return this.saved.file ? "Read-only" : "Not in a file";
  }

  /**
   * @param {KeyboardEvent} event
   * @returns {boolean} whether the key means anything
   */
  press(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return false;
    const target = /** @type {HTMLElement} */ (event.target);
    const key = event.key.toLowerCase();
    // Text fields and the editor have an undo of their own.
    const isText = target.closest(
      "textarea, [contenteditable], input:not([type=checkbox], [type=radio], [type=range])",
    );
    if (key === "s" && !event.shiftKey) this.saveText();
    else if (key === "z" && !event.shiftKey && !isText) this.editor.undo();
    else if ((key === "y" || key === "z") && !isText) this.editor.redo();
    else return false;
    return true;
  }
}
