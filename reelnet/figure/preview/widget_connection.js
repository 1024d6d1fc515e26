// The way to the preview from a notebook: messages of a widget. Nothing else in the page knows of them.

/**
 * What anywidget hands to a widget.
 * @typedef {object} Model
 * @property {(name: string) => any} get
 * @property {(message: object) => void} send
 * @property {(event: string, handler: (message: any, buffers: DataView<ArrayBuffer>[]) => void) => void} on
 * @property {(event: string, handler: (message: any, buffers: DataView<ArrayBuffer>[]) => void) => void} off
 */

const STOPPED = "The kernel has stopped. Run the cell again.";

/** Calls and events of a preview in the kernel of a notebook. Answers of one widget reach all of its pages. */
export class WidgetConnection {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.page = Array.from(crypto.getRandomValues(new Uint32Array(2))).join("-");
    this.last = 0;
    /** The files lie on the machine of the kernel. */
    this.findRender = null;
    /** @type {Map<number, {resolve: (answer: import("./contract.js").Answer) => void, reject: (error: Error) => void}>} */
    this.waiting = new Map();
    /** @type {Map<string, ((data: any) => void)[]>} */
    this.handlers = new Map();
    /** @type {(message: any, buffers: DataView<ArrayBuffer>[]) => void} */
    this.receive = (message, buffers) => {
      if (message.event) this.tell(message.event, message.data);
      else if (message.page === this.page) this.settle(message, buffers);
    };
    this.stop = () => this.tell("end", { words: STOPPED });
    model.on("msg:custom", this.receive);
    // Jupyter tells a model so when its kernel was restarted.
    model.on("comm_live_update", this.stop);
  }

  /**
   * @param {string} method
   * @param {object} parameters
   * @returns {Promise<import("./contract.js").Answer>} never settled without a kernel
   */
  call(method, parameters) {
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.model.send({ page: this.page, id, method, arguments: parameters });
    });
  }

  /**
   * @param {{id: number, answer: any}} message
   * @param {DataView<ArrayBuffer>[]} buffers
   */
  settle({ id, answer }, buffers) {
    const question = this.waiting.get(id);
    this.waiting.delete(id);
    if (answer.error !== undefined) question?.reject(new Error(answer.error));
    else question?.resolve({ answer, buffers: buffers.map(toBytes) });
  }

  /**
   * @param {string} event
   * @param {(data: any) => void} handler
   */
  on(event, handler) {
    this.handlers.set(event, [...(this.handlers.get(event) ?? []), handler]);
  }

  /**
   * @param {string} event
   * @param {any} data
   */
  tell(event, data) {
    for (const handler of this.handlers.get(event) ?? []) handler(data);
  }

  /** Tell the kernel that the page is gone. If it comes back, it may go on. */
  leave() {
    this.model.send({ page: this.page, id: 0, method: "leave", arguments: {} });
  }

  close() {
    this.leave();
    this.model.off("msg:custom", this.receive);
    this.model.off("comm_live_update", this.stop);
  }
}

/** @param {DataView<ArrayBuffer>} view */
const toBytes = ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength);
