// Output: for which place a file is made, how large it would be, what it trades for that, and making it.

import { make } from "../items.js";

/**
 * What a file is made for: a platform, a format, or what the template asks for.
 * @typedef {{platform: string} | {suffix: string} | {outputs: true}} Target
 *
 * @typedef {object} Row
 * @property {Target} target
 * @property {HTMLElement} element
 * @property {HTMLElement} size
 * @property {HTMLElement} bar
 * @property {import("./contract.js").Answer | null} forecast
 * @property {string} error
 */

const QUIET = 400;
const MOST_NAMES = 4;

/** @param {number} bytes */
export function formatBytes(bytes) {
  const units = ["B", "kB", "MB", "GB"];
  let unit = 0;
  for (; bytes >= 1000 && unit < units.length - 1; unit++) bytes /= 1000;
  return `${unit && bytes < 100 ? Number(bytes.toPrecision(3)) : Math.round(bytes)} ${units[unit]}`;
}

/** @param {string[]} suffixes */
function nameFormats(suffixes) {
  const names = suffixes.map((suffix) => suffix.replace(".", "").toUpperCase());
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES + 1} more` : "";
  return names.slice(0, more ? MOST_NAMES - 1 : MOST_NAMES).join(", ") + more;
}

/** The tab for output. */
export class Outputs {
  /**
   * @param {import("./contract.js").Connection} connection
   * @param {() => import("./contract.js").View} getView
   * @param {string} client
   * @param {(text: string) => void} onCopy copies a text
   */
  constructor(connection, getView, client, onCopy) {
    this.connection = connection;
    this.getView = getView;
    this.client = client;
    this.onCopy = onCopy;
    this.serial = 0;
    this.round = 0;
    this.isOpen = false;
    this.timer = 0;
    /** @type {Row[]} */
    this.rows = [];
    /** @type {Row | null} */
    this.chosen = null;
    this.offered = "";
    this.list = make("fieldset", { class: "targets" });
    this.detail = make("section", { class: "detail", "aria-live": "polite" });
    this.button = make("button", { type: "button", class: "primary" }, "Render");
    this.folder = make("span", { class: "muted" });
    this.jobs = make("div", { class: "jobs", "aria-live": "polite" });
    /** @type {Map<string, JobCard>} */
    this.cards = new Map();
    const actions = make("div", { class: "actions" }, this.button, this.folder);
    const below = make("div", { class: "below" }, this.jobs, actions);
    this.element = make("div", { class: "outputs" }, this.list, below);
    this.button.addEventListener("click", () => this.render());
    connection.on("job", (job) => this.showJob(job));
  }

  /** @param {import("./contract.js").Opened} opened */
  fill({ platforms, formats, folder }) {
    const offered = JSON.stringify([platforms, formats, folder]);
    if (offered === this.offered) return;
    this.offered = offered;
    const before = this.chosen ? JSON.stringify(this.chosen.target) : "";
    this.rows = [
      this.makeRow({ outputs: true }, "Files of the template", "what its outputs ask for"),
      ...platforms.map(({ name, formats: accepted, cap }) => {
        const limit = cap === null ? "no known limit" : `up to ${formatBytes(cap)}`;
        const row = this.makeRow({ platform: name }, name, `${nameFormats(accepted)}, ${limit}`);
        row.bar.hidden = cap === null;
        return row;
      }),
      ...formats.map((suffix) => this.makeRow({ suffix }, nameFormats([suffix]), "no limit")),
    ];
    const [own, ...others] = this.rows.map(({ element }) => element);
    this.list.replaceChildren(
      make("legend", {}, "Render for"),
      own,
      make("h2", {}, "Platforms"),
      ...others.slice(0, platforms.length),
      make("h2", {}, "Formats"),
      ...others.slice(platforms.length),
    );
    this.folder.textContent = `into ${folder}/`;
    const chosen = this.rows.find(({ target }) => JSON.stringify(target) === before);
    // Few templates ask for files of their own.
    this.choose(chosen ?? this.rows[1]);
  }

  /**
   * @param {Target} target
   * @param {string} title
   * @param {string} words
   * @returns {Row}
   */
  makeRow(target, title, words) {
    const radio = make("input", { type: "radio", name: "target", value: JSON.stringify(target) });
    const size = make("span", { class: "size" });
    const bar = make("span", { class: "bar", hidden: "" });
    const texts = [make("b", {}, title), size, make("span", { class: "muted" }, words)];
    const element = make("label", { class: "target" }, radio, ...texts, bar);
    /** @type {Row} */
    const row = { target, element, size, bar, forecast: null, error: "" };
    radio.addEventListener("change", () => this.choose(row));
    return row;
  }

  /** @param {Row} row */
  choose(row) {
    this.chosen = row;
    row.element.after(this.detail);
    /** @type {HTMLInputElement} */ (row.element.querySelector("input")).checked = true;
    this.showDetail();
    this.schedule(0);
  }

  /** @param {boolean} isOpen whether readers see this tab */
  setOpen(isOpen) {
    this.isOpen = isOpen;
    if (isOpen) this.schedule(0);
  }

  /**
   * Forecast anew, since the picture has changed.
   * @param {boolean} isGrowing whether the run is being recorded, so that the processor is left to it
   */
  refresh(isGrowing) {
    this.round++;
    for (const row of this.rows) {
      row.forecast = null;
      row.error = "";
      row.element.classList.add("stale");
    }
    if (!isGrowing) this.schedule(QUIET);
  }

  /** @param {number} wait milliseconds */
  schedule(wait) {
    clearTimeout(this.timer);
    if (this.isOpen) this.timer = setTimeout(() => this.forecast(), wait);
  }

  /** Forecast the chosen row, then the platforms, one after the other, until something changes. */
  async forecast() {
    const round = ++this.round;
    const chosen = this.chosen && !("outputs" in this.chosen.target) ? [this.chosen] : [];
    for (const row of new Set([...chosen, ...this.rows.filter(({ target }) => "platform" in target)])) {
      if (row.forecast || row.error) continue;
      row.size.textContent ||= "…";
      const ticket = { client: this.client, serial: ++this.serial };
      const question = { view: this.getView(), ...row.target, ...ticket };
      const answer = await this.connection.call("forecast", question).catch((error) => {
        if (round === this.round) row.error = error.message;
      });
      // A text with mistakes has no size; the next valid one will.
      if (round !== this.round || answer?.answer.overtaken || answer?.answer.diagnostics?.length) return;
      row.forecast = answer ?? null;
      this.showRow(row);
      if (!this.isOpen) return;
    }
  }

  /** @param {Row} row */
  showRow(row) {
    row.element.classList.remove("stale");
    row.element.classList.toggle("over", Boolean(row.error) || row.forecast?.answer.fits === false);
    row.size.textContent = row.forecast ? nameSize(row.forecast.answer) : row.error ? "not possible" : "";
    const { bytes, cap } = row.forecast?.answer ?? { bytes: null, cap: null };
    row.bar.hidden = !cap || bytes === null;
    row.bar.style.setProperty("--share", String(Math.min(1, bytes / (cap ?? 1))));
    if (row === this.chosen) this.showDetail();
  }

  showDetail() {
    const row = this.chosen;
    if (!row) return;
    const { forecast, error } = row;
    this.button.textContent = "outputs" in row.target ? "Render all" : "Render";
    this.detail.hidden = !forecast && !error;
    if (error) this.detail.replaceChildren(make("p", { class: "error" }, error));
    if (!forecast) return;
    /** @type {import("./contract.js").Forecast} */
    const answer = forecast.answer;
    const [png] = forecast.buffers;
    const share = answer.bytes === null ? ", limit" : " of";
    const limit = answer.cap === null ? "" : `${share} ${formatBytes(answer.cap)}`;
    this.detail.replaceChildren(
      make(
        "p",
        { class: "forecast" },
        make("b", {}, nameSize(answer)),
        `${limit}, ${nameFormats([answer.suffix])}`,
      ),
      ...(answer.words.length ? [make("ul", {}, ...answer.words.map((words) => make("li", {}, words)))] : []),
    );
    if (png) {
      const url = URL.createObjectURL(new Blob([png], { type: "image/png" }));
      const image = make("img", { src: url, alt: "The picture as the file would show it" });
      image.addEventListener("load", () => URL.revokeObjectURL(url));
      this.detail.append(image);
    }
  }

  async render() {
    if (!this.chosen) return;
    try {
      const { answer } = await this.connection.call("render", {
        view: this.getView(),
        ...this.chosen.target,
      });
      this.addCard(answer.job);
    } catch (error) {
      const message = /** @type {Error} */ (error).message;
      this.detail.hidden = false;
      this.detail.replaceChildren(make("p", { class: "error" }, message));
    }
  }

  /** @param {string} job */
  addCard(job) {
    const known = this.cards.get(job);
    if (known) return known;
    const card = new JobCard(
      (number) => this.connection.findRender?.(job, number) ?? null,
      () => this.connection.call("cancel", { job }),
      () => {
        this.cards.delete(job);
        card.element.remove();
      },
      this.onCopy,
    );
    this.cards.set(job, card);
    this.jobs.prepend(card.element);
    return card;
  }

  /** @param {import("./contract.js").Job} job */
  showJob(job) {
    this.addCard(job.job).show(job);
  }
}

/** @param {import("./contract.js").Forecast} forecast */
function nameSize({ bytes, is_exact: isExact }) {
  return bytes === null ? "not estimated" : `${isExact ? "" : "about "}${formatBytes(bytes)}`;
}

/** One file, or several, while they are made and afterwards. */
class JobCard {
  /**
   * @param {(number: number) => string | null} findAddress where a file can be opened
   * @param {() => void} onCancel
   * @param {() => void} onClose
   * @param {(text: string) => void} onCopy
   */
  constructor(findAddress, onCancel, onClose, onCopy) {
    this.findAddress = findAddress;
    this.onCopy = onCopy;
    this.progress = make("progress", { "aria-label": "Progress" });
    this.words = make("p", { class: "words" }, "waiting");
    this.files = make("div", { class: "files", hidden: "" });
    this.lines = make("ul", { hidden: "" });
    this.cancel = make("button", { type: "button" }, "Cancel");
    this.close = make("button", { type: "button", class: "close", "aria-label": "Dismiss", hidden: "" }, "×");
    const top = make("div", { class: "top" }, this.words, this.files, this.cancel, this.close);
    this.element = make("article", { class: "job" }, top, this.progress, this.lines);
    this.cancel.addEventListener("click", onCancel);
    this.close.addEventListener("click", onClose);
  }

  /** @param {import("./contract.js").Job} job */
  show({ state, done, total, words, lines, files }) {
    const [isRunning, isDone] = [state === "running", state === "done"];
    this.element.dataset.state = state;
    this.words.textContent = words || state;
    this.words.hidden = isDone;
    this.cancel.hidden = !isRunning;
    this.close.hidden = isRunning;
    this.progress.hidden = !isRunning;
    if (total) {
      this.progress.max = total;
      this.progress.value = done;
    }
    this.files.hidden = !isDone;
    if (isDone) this.files.replaceChildren(...files.map((file, number) => this.makeFile(file, number)));
    // The card names a single file already.
    const known = files.length === 1 ? `${files[0].path}: ` : "";
    const report = lines.map((line) => (line.startsWith(known) ? line.slice(known.length) : line));
    this.lines.hidden = !report.length;
    this.lines.replaceChildren(...report.map((line) => make("li", {}, line)));
  }

  /**
   * @param {{path: string, opens: boolean}} file
   * @param {number} number
   */
  makeFile({ path, opens }, number) {
    const copy = make("button", { type: "button", class: "file", title: "Copy the path" }, path);
    copy.addEventListener("click", () => this.onCopy(path));
    const row = make("div", {}, copy);
    const address = opens ? this.findAddress(number) : null;
    if (address) {
      const label = `Open ${path}`;
      row.append(
        make("a", { href: address, target: "_blank", rel: "noopener", "aria-label": label }, "Open"),
      );
    }
    return row;
  }
}
