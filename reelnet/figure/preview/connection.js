// The way to the preview by HTTP. Nothing else in the page knows of it.

const FIRST_WAIT = 500;
const LONGEST_WAIT = 5000;

/** Calls and events of a preview that runs at the address of the page. */
export class HttpConnection {
  constructor() {
    /** @type {Map<string, ((data: any) => void)[]>} */
    this.handlers = new Map();
    this.wait = FIRST_WAIT;
    this.isLost = false;
    /** @type {EventSource | null} */
    this.source = null;
    this.timer = 0;
    document.addEventListener("visibilitychange", () => this.connect());
  }

  /**
   * @param {string} method
   * @param {object} parameters
   * @returns {Promise<import("./contract.js").Answer>}
   */
  async call(method, parameters) {
    const response = await fetch(new URL(`call/${method}`, document.baseURI), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(parameters),
    });
    if (!response.ok) throw new Error(`${method}: the preview refused the request (${response.status})`);
    const { answer, buffers } = unpack(await response.arrayBuffer());
    if (answer.error !== undefined) throw new Error(answer.error);
    return { answer, buffers };
  }

  /**
   * @param {string} job
   * @param {number} number of the file
   */
  findRender(job, number) {
    return String(new URL(`renders/${job}/${number}`, document.baseURI));
  }

  /**
   * @param {string} event
   * @param {(data: any) => void} handler
   */
  on(event, handler) {
    const known = this.handlers.get(event);
    if (known) known.push(handler);
    else this.handlers.set(event, [handler]);
    if (!known && this.source) this.listen(this.source, event);
  }

  /**
   * Begin to receive events, and go on whenever the connection was lost.
   *
   * A hidden page receives none: what nobody sees shall not keep the preview busy, nor take one of the six connections
   * that a browser has for all its pages.
   */
  connect() {
    clearTimeout(this.timer);
    this.source?.close();
    if (document.hidden) {
      this.isLost = true;
      return;
    }
    const source = new EventSource(new URL("events", document.baseURI));
    this.source = source;
    for (const event of this.handlers.keys()) this.listen(source, event);
    source.addEventListener("open", () => {
      this.wait = FIRST_WAIT;
      if (this.isLost) this.tell("back", {});
      this.isLost = false;
    });
    source.addEventListener("error", () => {
      source.close();
      if (!this.isLost) this.tell("lost", {});
      this.isLost = true;
      this.timer = setTimeout(() => this.connect(), this.wait);
      this.wait = Math.min(2 * this.wait, LONGEST_WAIT);
    });
  }

  /**
   * @param {EventSource} source
   * @param {string} event
   */
  listen(source, event) {
    source.addEventListener(event, (message) => this.tell(event, JSON.parse(message.data)));
  }

  /**
   * @param {string} event
   * @param {any} data
   */
  tell(event, data) {
    for (const handler of this.handlers.get(event) ?? []) handler(data);
  }
}

/**
 * The JSON and the buffers of an answer: the length of the JSON in four bytes, the JSON, the buffers.
 * @param {ArrayBuffer} data
 * @returns {import("./contract.js").Answer}
 */
function unpack(data) {
  const length = new DataView(data).getUint32(0, true);
  const answer = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
  let at = 4 + length;
  const buffers = (answer.buffers ?? []).map((/** @type {number} */ size) => {
    at += size;
    return new Uint8Array(data, at - size, size);
  });
  return { answer, buffers };
}
