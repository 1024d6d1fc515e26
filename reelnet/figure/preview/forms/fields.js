// Fields of forms: one value of a template each, in the way that suits its kind.

import { make } from "../../items.js";
import { makeIcon } from "./icons.js";

/**
 * @typedef {object} Control One key of a template that a form shows.
 * @property {string} key
 * @property {string} label
 * @property {"text" | "number" | "choice" | "color" | "flag" | "selection" | "list" | "other"} kind
 * @property {any} value what holds now; null if nothing is written
 * @property {any} default what holds without the key
 * @property {any[]} [choices]
 * @property {Record<string, string>} [names] what choices are called, if not as they are written
 * @property {number} [min]
 * @property {number} [max]
 * @property {string} [unit]
 * @property {string[]} [times] when each text of a list comes
 * @property {number} [shown] how many of a selection the picture has room for
 * @property {string} info
 * @property {boolean} is_set whether the template has the key
 *
 * @typedef {object} Field
 * @property {HTMLElement} element
 * @property {(control: Control) => void} show show a value, unless a reader is changing it
 *
 * @typedef {(value: any) => void} Send takes what a reader has chosen; null removes the key
 */

/** Milliseconds of rest after which a text counts without Enter. */
const REST = 300;
const MAX_SEGMENTS = 4;
const MAX_SEGMENT_TEXT = 24;

let lastId = 0;

/** An id for an element, or a name for a group of buttons. A key may stand in two forms. */
export const makeId = () => `field-${++lastId}`;

/** @param {any} value */
function toText(value) {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/**
 * @param {Parameters<typeof makeIcon>[0]} icon
 * @param {string} words
 */
function makeIconButton(icon, words) {
  const button = make("button", { type: "button", class: "bare", title: words, "aria-label": words });
  button.append(makeIcon(icon));
  return button;
}

/**
 * Tell of what is written in a field: after a rest, and at once by Enter or on leaving it.
 * @param {HTMLInputElement | HTMLTextAreaElement} input
 * @param {() => void} send
 */
function sendWhatIsWritten(input, send) {
  let timer = 0;
  let isSent = true;
  const flush = () => {
    clearTimeout(timer);
    if (!isSent) send();
    isSent = true;
  };
  input.addEventListener("input", () => {
    isSent = false;
    clearTimeout(timer);
    timer = setTimeout(flush, REST);
  });
  input.addEventListener("change", flush);
  input.addEventListener("keydown", (event) => {
    const { key, shiftKey, isComposing } = /** @type {KeyboardEvent} */ (event);
    if (key !== "Enter" || shiftKey || isComposing) return;
    event.preventDefault();
    flush();
  });
}

/**
 * Write a value into an input, unless somebody is writing there.
 * @param {HTMLInputElement | HTMLTextAreaElement} input
 * @param {string} text
 */
function fill(input, text) {
  if (!input.matches(":focus") && input.value !== text) input.value = text;
}

/**
 * @param {Send} send
 * @returns {Field}
 */
function makeTextField(send) {
  const input = make("textarea", { rows: "1", spellcheck: "false" });
  const grow = () => {
    input.style.height = "auto";
    if (input.scrollHeight) input.style.height = `${input.scrollHeight + 2}px`;
  };
  input.addEventListener("input", grow);
  new ResizeObserver(grow).observe(input);
  sendWhatIsWritten(input, () => send(input.value === "" ? null : input.value));
  const show = (/** @type {Control} */ control) => {
    fill(input, toText(control.value));
    input.placeholder = toText(control.default);
    grow();
  };
  return { element: input, show };
}

/**
 * @param {Send} send
 * @returns {Field}
 */
function makeNumberField(send) {
  const input = make("input", { type: "number", inputmode: "decimal", step: "any" });
  const [less, more] = [makeIconButton("less", "Less"), makeIconButton("more", "More")];
  for (const each of [less, more]) each.tabIndex = -1;
  const unit = make("span", { class: "unit" });
  const element = make("div", { class: "number" }, less, input, more, unit);
  let step = 1;
  let fallback = 0;
  const read = () => (input.value === "" ? null : input.valueAsNumber);
  const move = (/** @type {number} */ by) => {
    const { min, max } = input;
    let next = Math.round(((read() ?? fallback) + by * step) / step) * step;
    if (min !== "") next = Math.max(next, Number(min));
    if (max !== "") next = Math.min(next, Number(max));
    input.value = String(Number(next.toPrecision(12)));
    send(read());
  };
  less.addEventListener("click", () => move(-1));
  more.addEventListener("click", () => move(1));
  input.addEventListener("keydown", (event) => {
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    move(event.shiftKey ? 10 * by : by);
  });
  sendWhatIsWritten(input, () => {
    if (input.validity.badInput) return;
    send(read());
  });
  const show = (/** @type {Control} */ control) => {
    const value = control.value ?? control.default;
    fallback = typeof value === "number" ? value : (control.min ?? 0);
    step = Number.isInteger(fallback) && Number.isInteger(control.min ?? 0) ? 1 : 0.1;
    input.min = toText(control.min);
    input.max = toText(control.max);
    input.placeholder = toText(control.default) || "auto";
    unit.textContent = control.unit ?? "";
    fill(input, toText(control.value));
  };
  return { element, show };
}

/**
 * One of a few: buttons if they fit into a row, else a menu.
 * @param {Send} send
 * @returns {Field}
 */
function makeChoiceField(send) {
  const element = make("div", { class: "choice" });
  /** @type {any[]} */
  let choices = [];
  let shown = "";
  const build = (/** @type {Control} */ control) => {
    const names = choices.map((choice) => {
      const name = control.names?.[toText(choice)] ?? toText(choice).replace(/^(\d+)x(\d+)$/, "$1 × $2");
      return name || "auto";
    });
    if (choices.length > MAX_SEGMENTS || names.join("").length > MAX_SEGMENT_TEXT) {
      const select = make("select", { "aria-label": control.label });
      names.forEach((name, index) => select.append(make("option", { value: String(index) }, name)));
      select.addEventListener("change", () => send(choices[Number(select.value)]));
      element.replaceChildren(select);
      return;
    }
    const group = make("div", { class: "segments", role: "radiogroup", "aria-label": control.label });
    const groupName = makeId();
    names.forEach((name, index) => {
      const radio = make("input", { type: "radio", name: groupName, value: String(index) });
      radio.addEventListener("change", () => send(choices[index]));
      group.append(make("label", {}, radio, make("span", {}, name)));
    });
    element.replaceChildren(group);
  };
  const show = (/** @type {Control} */ control) => {
    const value = control.value ?? control.default;
    const known = control.choices ?? [];
    const isSame = (/** @type {any} */ choice) => toText(choice) === toText(value);
    choices = known.some(isSame) ? known : [...known, value];
    const wanted = JSON.stringify(choices);
    if (wanted !== shown) build(control);
    shown = wanted;
    const at = String(choices.findIndex(isSame));
    for (const part of element.querySelectorAll("select, input")) {
      if (part instanceof HTMLSelectElement) part.value = at;
      else if (part instanceof HTMLInputElement) part.checked = part.value === at;
    }
  };
  return { element, show };
}

/**
 * Any color that CSS knows, as `#rrggbb`.
 * @param {string} color
 * @returns {string | null} null if it is none
 */
function toHex(color) {
  const context = document.createElement("canvas").getContext("2d");
  if (!context || !CSS.supports("color", color)) return null;
  context.fillStyle = color;
  return context.fillStyle.startsWith("#") ? context.fillStyle : null;
}

/**
 * @param {Send} send
 * @returns {Field}
 */
function makeColorField(send) {
  const swatch = make("input", { type: "color" });
  const text = make("input", { type: "text", spellcheck: "false", autocapitalize: "off" });
  const names = make("datalist", { id: makeId() });
  text.setAttribute("list", names.id);
  const element = make("div", { class: "color" }, swatch, text, names);
  swatch.addEventListener("input", () => {
    text.value = swatch.value;
    send(swatch.value);
  });
  sendWhatIsWritten(text, () => send(text.value.trim() === "" ? null : text.value.trim()));
  const show = (/** @type {Control} */ control) => {
    const hex = toHex(toText(control.value ?? control.default));
    swatch.setAttribute("aria-label", `${control.label}: choose`);
    swatch.classList.toggle("none", hex === null);
    if (!swatch.matches(":focus")) swatch.value = hex ?? "#808080";
    text.placeholder = toText(control.default) || "auto";
    fill(text, toText(control.value));
    names.replaceChildren(...(control.choices ?? []).map((name) => make("option", { value: toText(name) })));
  };
  return { element, show };
}

/**
 * @param {Send} send
 * @returns {Field}
 */
function makeFlagField(send) {
  const input = make("input", { type: "checkbox", role: "switch" });
  const element = make("label", { class: "flag" }, input, make("span", { class: "track" }));
  input.addEventListener("change", () => send(input.checked));
  const show = (/** @type {Control} */ control) => {
    input.checked = Boolean(control.value ?? control.default);
  };
  return { element, show };
}

/**
 * How many of a number of things a selection such as `0-5, 8` or `top 8` chooses.
 * @param {string} text
 * @param {number | undefined} total
 * @returns {number | null} null if it is none
 */
function countSelected(text, total) {
  const words = text.trim();
  if (words === "all") return total ?? null;
  const count = words.match(/^(?:top|first)\W*(\d+)$/)?.[1];
  if (count) return Math.min(Number(count), total ?? Infinity);
  const parts = words.replace(/^\[(.*)\]$/, "$1").split(",");
  /** @type {Set<number>} */
  const chosen = new Set();
  for (const part of parts) {
    const range = part.trim().match(/^(\d{1,6})(?:-(\d{1,6}))?$/);
    if (!range) return null;
    const [first, last] = [Number(range[1]), Number(range[2] ?? range[1])];
    if (last < first || last - first > 4096) return null;
    for (let at = first; at <= last; at++) chosen.add(at);
  }
  return chosen.size;
}

/**
 * @param {Send} send
 * @returns {Field}
 */
function makeSelectionField(send) {
  const input = make("input", { type: "text", spellcheck: "false", autocapitalize: "off" });
  const hint = make("span", { class: "hint" });
  const element = make("div", { class: "selection" }, input, hint);
  /** @type {Control | null} */
  let shown = null;
  const count = () => {
    const chosen = countSelected(input.value || toText(shown?.default), shown?.max);
    const isLaidOut = input.value === toText(shown?.value);
    const fitting = isLaidOut ? shown?.shown : undefined;
    if (chosen === null) hint.textContent = "0-5, top 8, all";
    else if (shown?.max === undefined) hint.textContent = "";
    else if (fitting !== undefined && fitting < chosen) hint.textContent = `${fitting} of ${chosen} fit`;
    else hint.textContent = `${chosen} of ${shown.max} ${shown.unit}`;
  };
  input.addEventListener("input", count);
  sendWhatIsWritten(input, () => send(input.value.trim() || null));
  const show = (/** @type {Control} */ control) => {
    shown = control;
    input.placeholder = toText(control.default);
    fill(input, toText(control.value));
    count();
  };
  return { element, show };
}

/**
 * @param {Send} send
 * @returns {Field}
 */
function makeListField(send) {
  const list = make("ol");
  const add = make("button", { type: "button", class: "add" }, "Add");
  const element = make("div", { class: "list" }, list, add);
  const read = () => [...list.querySelectorAll("textarea")].map((each) => each.value);
  const makeItem = (/** @type {string} */ text) => {
    const item = make("li");
    const field = makeTextField(() => send(read()));
    const move = (/** @type {number} */ by) => {
      const next = by < 0 ? item.previousElementSibling : item.nextElementSibling;
      if (by < 0) next?.before(item);
      else next?.after(item);
      send(read());
    };
    const up = makeIconButton("up", "Move up");
    const down = makeIconButton("down", "Move down");
    const remove = makeIconButton("remove", "Remove");
    for (const [button, by] of /** @type {const} */ ([
      [up, -1],
      [down, 1],
    ])) {
      button.addEventListener("click", () => {
        move(by);
        // At an end of the list there is no such button.
        button.focus();
        if (!button.matches(":focus")) (button === up ? down : up).focus();
      });
    }
    remove.addEventListener("click", () => {
      const next = item.nextElementSibling ?? item.previousElementSibling;
      item.remove();
      send(read());
      (next?.querySelector("textarea") ?? add).focus();
    });
    field.element.setAttribute("aria-label", "Text");
    const buttons = make("span", { class: "moves" }, up, down, remove);
    item.append(field.element, buttons, make("small", { class: "time" }));
    return { item, show: () => field.show(/** @type {Control} */ ({ value: text, default: "" })) };
  };
  const append = (/** @type {string} */ text) => {
    const { item, show } = makeItem(text);
    list.append(item);
    show();
    return item;
  };
  add.addEventListener("click", () => append("").querySelector("textarea")?.focus());
  const show = (/** @type {Control} */ control) => {
    /** @type {string[]} */
    const texts = (control.value ?? control.default ?? []).map(toText);
    const showTimes = () => {
      const times = list.querySelectorAll(".time");
      for (const [index, each] of times.entries()) each.textContent = control.times?.[index] ?? "";
    };
    if (element.matches(":focus-within") || JSON.stringify(texts) === JSON.stringify(read()))
      return showTimes();
    list.replaceChildren();
    texts.forEach(append);
    showTimes();
  };
  return { element, show };
}

/** @type {Record<Control["kind"], (send: Send) => Field>} */
const FIELDS = {
  text: makeTextField,
  number: makeNumberField,
  choice: makeChoiceField,
  color: makeColorField,
  flag: makeFlagField,
  selection: makeSelectionField,
  list: makeListField,
  other: makeOtherField,
};

/**
 * A value that only the text can change.
 * @returns {Field}
 */
function makeOtherField() {
  const element = make("code", { class: "value" });
  const show = (/** @type {Control} */ control) => {
    element.textContent = toText(control.value ?? control.default) || "auto";
  };
  return { element, show };
}

/**
 * The field of a control.
 * @param {Control} control
 * @param {Send} send
 * @returns {Field}
 */
export function makeField(control, send) {
  const field = FIELDS[control.kind](send);
  field.show(control);
  return field;
}
