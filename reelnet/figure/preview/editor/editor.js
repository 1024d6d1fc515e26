// The editor of a template's text: CodeMirror, with completions and problems that the server finds.

import { make } from "../../items.js";
import {
  Annotation,
  autocompletion,
  bracketMatching,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  Decoration,
  defaultKeymap,
  drawSelection,
  EditorState,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  HighlightStyle,
  highlightSpecialChars,
  history,
  indentLess,
  indentMore,
  indentUnit,
  insertCompletionText,
  isolateHistory,
  keymap,
  lineNumbers,
  lintGutter,
  nextDiagnostic,
  redo,
  redoDepth,
  setDiagnostics,
  startCompletion,
  StreamLanguage,
  syntaxHighlighting,
  tags,
  undo,
  undoDepth,
  ViewPlugin,
} from "./codemirror.js";
import { makeWords } from "../forms/words.js";
import { yaml } from "./yaml.js";

/** @typedef {"typed" | "set" | "disk" | "open"} Origin where a text comes from */

/** Milliseconds from the last key stroke until the page learns of the text. */
const DELAY = 60;
/** Milliseconds between edits that are undone together, counted when readers make them, however long the preview takes. */
const GROUP_DELAY = 1000;
/** CodeMirror's own limit, in milliseconds: longer than any answer takes, and shorter than the time since 1970, by which it tells isolated edits. */
const LONG = 86_400_000;
const INDENT = "  ";
/** Characters by which a wrapped line is indented, at most. */
const MAX_HANGING = 16;

const GUESS = /did you mean '([^']+)'\?/;

/** The wrong value that a message quotes, if it is not the key itself that is wrong. */
const WRONG = /'([^']+)'[^']*; did you mean/;

/** A quoted or plain word from where a problem begins. */
const WORD = /^(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,:{}[\]]+)/;

/** @type {import("@codemirror/state").AnnotationType<Origin>} */
const origin = Annotation.define();

const COLORS = HighlightStyle.define([
  { tag: tags.atom, class: "code-key" },
  { tag: tags.string, class: "code-string" },
  { tag: tags.number, class: "code-value" },
  { tag: tags.variableName, class: "code-slot" },
  { tag: [tags.comment, tags.meta], class: "code-sign" },
]);

/**
 * Lines that are wrapped go on below their own text, not below the line numbers.
 * @param {EditorView} view
 */
function indentWrapped(view) {
  const marks = [];
  for (const { from, to } of view.visibleRanges) {
    for (let at = from; at <= to;) {
      const line = view.state.doc.lineAt(at);
      const signs = /** @type {RegExpMatchArray} */ (line.text.match(/^ *(?:- )*/))[0].length;
      const style = `--indent: ${Math.min(signs + INDENT.length, MAX_HANGING)}ch`;
      marks.push(Decoration.line({ attributes: { style } }).range(line.from));
      at = line.to + 1;
    }
  }
  return Decoration.set(marks);
}

const hangingLines = ViewPlugin.define(
  (view) => {
    const plugin = {
      marks: indentWrapped(view),
      update: (/** @type {import("@codemirror/view").ViewUpdate} */ { docChanged, viewportChanged }) => {
        if (docChanged || viewportChanged) plugin.marks = indentWrapped(view);
      },
    };
    return plugin;
  },
  { decorations: ({ marks }) => marks },
);

/** @type {import("@codemirror/view").Command} */
function insertIndent(view) {
  if (!view.state.selection.main.empty) return indentMore(view);
  const { head } = view.state.selection.main;
  const column = head - view.state.doc.lineAt(head).from;
  const spaces = INDENT.slice(column % INDENT.length);
  view.dispatch(view.state.replaceSelection(spaces), { userEvent: "input" });
  return true;
}

/**
 * The one stretch in which two texts differ.
 * @param {string} before
 * @param {string} after
 * @returns {{from: number, to: number, insert: string}} positions in the text before
 */
function findChange(before, after) {
  const shorter = Math.min(before.length, after.length);
  let from = 0;
  while (from < shorter && before[from] === after[from]) from++;
  let tail = 0;
  while (tail < shorter - from && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  return { from, to: before.length - tail, insert: after.slice(from, after.length - tail) };
}

/** The text of one template. Sends "change" at every change of the text or of its history. */
export class Editor extends EventTarget {
  /**
   * @param {object} page
   * @param {Document | ShadowRoot} page.root where the editor will stand, with its styles
   * @param {import("../contract.js").Connection} page.connection
   * @param {() => import("../contract.js").View} page.getView
   * @param {(text: string, origin: Origin) => void} page.onText called soon after the text has changed
   */
  constructor({ root, connection, getView, onText }) {
    super();
    this.connection = connection;
    this.getView = getView;
    this.onText = onText;
    this.timer = 0;
    this.group = "";
    this.startsGroup = true;
    this.lastTyped = -Infinity;
    this.lastAsked = { key: "", time: -Infinity };
    /** @type {Map<string, number>} */
    this.turns = new Map();
    /** @type {Promise<void>} */
    this.lastWrite = Promise.resolve();
    /** Values that are being written. */
    this.writes = 0;
    this.edits = 0;
    this.element = make("div", { class: "editor" });
    this.extensions = this.listExtensions();
    this.view = new EditorView({ root, parent: this.element, state: this.makeState("") });
    // The first answer takes longest, so it is asked for before anybody waits for it.
    const ask = () => this.askForCompletions(0).catch(() => {});
    this.element.addEventListener("focusin", ask, { once: true });
  }

  /** @returns {import("@codemirror/state").Extension[]} */
  listExtensions() {
    const nonce = document.querySelector("script[nonce]");
    return [
      EditorView.cspNonce.of(nonce instanceof HTMLElement ? (nonce.nonce ?? "") : ""),
      EditorView.contentAttributes.of({
        tabindex: "0",
        "aria-label": "Template, as YAML. Escape, then Tab leaves the editor.",
      }),
      EditorView.lineWrapping,
      EditorState.tabSize.of(INDENT.length),
      indentUnit.of(INDENT),
      StreamLanguage.define(yaml),
      syntaxHighlighting(COLORS),
      history({
        newGroupDelay: LONG,
        joinToEvent: (transaction, isAdjacent) =>
          transaction.annotation(origin) !== undefined ||
          (isAdjacent && performance.now() < this.lastTyped + GROUP_DELAY),
      }),
      lineNumbers(),
      lintGutter(),
      drawSelection(),
      highlightSpecialChars(),
      hangingLines,
      highlightActiveLine(),
      highlightActiveLineGutter(),
      bracketMatching(),
      closeBrackets(),
      autocompletion({
        override: [(context) => this.complete(context)],
        icons: false,
        // As good a match as the one before: the preview has ordered them.
        compareCompletions: () => 0,
      }),
      keymap.of([
        { key: "Tab", run: insertIndent, shift: indentLess },
        { key: "F8", run: nextDiagnostic },
        { key: "Mod-z", run: undo, preventDefault: true },
        { key: "Mod-y", mac: "Mod-Shift-z", run: redo, preventDefault: true },
        { key: "Mod-Shift-z", run: redo, preventDefault: true },
        ...closeBracketsKeymap,
        ...completionKeymap,
        ...defaultKeymap,
      ]),
      EditorView.updateListener.of((update) => this.follow(update)),
    ];
  }

  /** @param {string} text */
  makeState(text) {
    return EditorState.create({ doc: text, extensions: this.extensions });
  }

  get text() {
    return this.view.state.doc.toString();
  }

  get canUndo() {
    return undoDepth(this.view.state) > 0;
  }

  get canRedo() {
    return redoDepth(this.view.state) > 0;
  }

  undo() {
    undo(this.view);
  }

  redo() {
    redo(this.view);
  }

  focus() {
    this.view.focus();
  }

  /**
   * Show another text. The caret stays where it is.
   * @param {string} text
   * @param {object} options
   * @param {boolean} [options.isUndoable] false for the text of another template, with no history
   * @param {Origin} [options.from]
   * @param {string} [options.group] changes of the same group, which were asked for in quick succession, are undone together
   */
  setText(text, { isUndoable = true, from = "set", group = "" } = {}) {
    if (!isUndoable) {
      this.view.setState(this.makeState(text));
      this.tell("open");
      return;
    }
    const changes = findChange(this.text, text);
    if (changes.from === changes.to && !changes.insert) return;
    const isNew = !group || group !== this.group || this.startsGroup;
    /** @type {import("@codemirror/state").Annotation<any>[]} */
    const annotations = [origin.of(from), ...(isNew ? [isolateHistory.of("before")] : [])];
    this.view.dispatch({ changes, annotations });
    this.group = group;
    this.startsGroup = false;
    this.reveal(changes.from);
  }

  /**
   * Give a key a value, in the text. Writes follow each other; of several of one key that wait, the last counts.
   * @param {string} key
   * @param {any} value null removes the key
   * @returns {Promise<void>} rejected with what is wrong
   */
  write(key, value) {
    const turn = (this.turns.get(key) ?? 0) + 1;
    this.turns.set(key, turn);
    const now = performance.now();
    if (key !== this.lastAsked.key || now > this.lastAsked.time + GROUP_DELAY) this.startsGroup = true;
    this.lastAsked = { key, time: now };
    const next = this.lastWrite.then(async () => {
      while (this.turns.get(key) === turn) {
        const before = this.text;
        const view = { ...this.getView(), text: before };
        const { answer } = await this.connection.call("set", { view, key, value });
        // What somebody typed meanwhile stays: the value is written again, into that.
        if (this.text !== before) continue;
        this.setText(answer.text, { group: key });
        return;
      }
    });
    this.writes++;
    this.lastWrite = next.catch(() => {}).then(() => void this.writes--);
    return next;
  }

  /**
   * Ask about the template.
   * @param {string} method
   * @param {object} parameters others than the view
   * @returns {Promise<any>} null if the text has changed meanwhile or is about to
   */
  async ask(method, parameters) {
    const before = this.edits;
    const { answer } = await this.connection.call(method, { view: this.getView(), ...parameters });
    return this.writes || this.edits !== before ? null : answer;
  }

  /**
   * Scroll the text, and nothing around it, to a position.
   * @param {number} at
   */
  reveal(at) {
    const { top, bottom } = this.view.lineBlockAt(at);
    const { scrollDOM } = this.view;
    const { scrollTop, clientHeight } = scrollDOM;
    if (top < scrollTop || bottom > scrollTop + clientHeight) scrollDOM.scrollTop = top - clientHeight / 3;
  }

  /** @param {import("@codemirror/view").ViewUpdate} update */
  follow(update) {
    if (!update.docChanged) return;
    this.edits++;
    const from = update.transactions.map((each) => each.annotation(origin)).find(Boolean);
    this.group = "";
    clearTimeout(this.timer);
    if (from) this.tell(from);
    else this.timer = setTimeout(() => this.onText(this.text, "typed"), DELAY);
    if (from) return;
    this.lastTyped = performance.now();
    this.dispatchEvent(new Event("change"));
  }

  /** @param {Origin} from */
  tell(from) {
    clearTimeout(this.timer);
    this.dispatchEvent(new Event("change"));
    this.onText(this.text, from);
  }

  /** @param {number} offset of the caret */
  askForCompletions(offset) {
    const view = { ...this.getView(), text: this.text };
    return this.connection.call("complete", { view, offset });
  }

  /**
   * What may stand at the caret, as the server knows it.
   * @param {import("@codemirror/autocomplete").CompletionContext} context
   */
  async complete(context) {
    if (!context.explicit && !context.matchBefore(/[\w.#%-]$|[:,-] $|[[{] ?$/)) return null;
    // Without an answer there is nothing to choose from; what went wrong, other parts of the page say.
    const found = await this.askForCompletions(context.pos).catch(() => null);
    if (!found?.answer.options.length) return null;
    /** @type {{from: number, options: {label: string, detail: string, info: string, insert: string}[]}} */
    const { from, options } = found.answer;
    return {
      from,
      options: options.map(({ label, detail, info, insert }) => ({
        label,
        detail: detail === label ? undefined : detail,
        info: info ? () => make("div", {}, ...makeWords(info)) : undefined,
        apply: (
          /** @type {EditorView} */ target,
          /** @type {object} */ _,
          /** @type {number} */ from,
          /** @type {number} */ to,
        ) => {
          target.dispatch(insertCompletionText(target.state, insert, from, to));
          if (/[:\s]$/.test(insert)) startCompletion(target);
        },
      })),
      validFor: /^[\w.#%-]*$/,
    };
  }

  /**
   * Mark the problems that lie in this text.
   * @param {import("../contract.js").Diagnostic[]} problems
   */
  showProblems(problems) {
    const { doc } = this.view.state;
    const diagnostics = problems
      .filter(({ here, line }) => here && line > 0)
      .map(({ line, column, message }) => {
        const { from: start, text } = doc.line(Math.min(line, doc.lines));
        const begin = Math.min(Math.max(column - 1, 0), text.length);
        const rest = text.slice(begin);
        // A problem begins at its key; the value that a message quotes comes after it.
        const wrong = message.match(WRONG)?.[1] ?? "";
        const at = rest.indexOf(wrong);
        const word = at > 0 ? wrong : (rest.match(WORD)?.[0] ?? rest);
        const from = start + begin + Math.max(at, 0);
        const to = from + word.length;
        const guess = at < 0 ? undefined : message.match(GUESS)?.[1];
        const change = (
          /** @type {EditorView} */ view,
          /** @type {number} */ start,
          /** @type {number} */ end,
        ) => view.dispatch({ changes: { from: start, to: end, insert: guess }, userEvent: "input" });
        const actions = guess ? [{ name: `Change to ${guess}`, apply: change }] : [];
        return { from, to, message, actions, severity: /** @type {const} */ ("error") };
      });
    this.view.dispatch(setDiagnostics(this.view.state, diagnostics));
  }

  /**
   * Put the caret somewhere.
   * @param {number} line from 1
   * @param {number} column from 1
   */
  goTo(line, column) {
    const { doc } = this.view.state;
    const { from, to } = doc.line(Math.min(Math.max(line, 1), doc.lines));
    const at = Math.min(from + Math.max(column - 1, 0), to);
    this.view.dispatch({
      selection: { anchor: at },
      effects: EditorView.scrollIntoView(at, { y: "center" }),
    });
    this.view.focus();
  }
}
