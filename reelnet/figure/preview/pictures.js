// What the page asks of the preview to show a reel: layouts, pictures of steps, and the figure with all steps.

/**
 * @typedef {object} Receiver
 * @property {(layout: import("./contract.js").Layout, png: Uint8Array<ArrayBuffer>) => Promise<void>} showLayout
 * @property {(step: number, png: Uint8Array<ArrayBuffer>) => Promise<void>} showStep
 * @property {(scene: import("../scene.js").Scene, levels: Uint8Array[]) => void} showFigure
 * @property {(why: string) => void} showNoFigure
 * @property {(diagnostics: import("./contract.js").Diagnostic[]) => void} showMistakes
 * @property {(message: string) => void} showError
 */

/** Asks for pictures. Of several questions of one kind, only the answer to the last one is shown. */
export class Pictures {
  /**
   * @param {import("./contract.js").Connection} connection
   * @param {() => import("./contract.js").View} getView
   * @param {Receiver} receiver
   */
  constructor(connection, getView, receiver) {
    this.connection = connection;
    this.getView = getView;
    this.receiver = receiver;
    this.client = Array.from(crypto.getRandomValues(new Uint32Array(2)), (part) => part.toString(36)).join(
      "",
    );
    this.serial = 0;
    this.layoutSerial = 0;
    /** Whether the picture of the current view is still to come. */
    this.isLayingOut = false;
    this.isAsking = false;
    /** @type {{step: number, ratio: number} | null} */
    this.wanted = null;
  }

  /**
   * Lay the view out and show a step.
   * @param {number | null} step null for the one that the preview chooses
   * @param {number} ratio output pixels per pixel of the picture
   * @returns {Promise<boolean>} whether the picture of this very view is shown
   */
  async layOut(step, ratio) {
    const serial = ++this.serial;
    this.layoutSerial = serial;
    this.wanted = null;
    this.isLayingOut = true;
    const answer = await this.ask("layout", { step, pixel_ratio: ratio, serial });
    if (serial === this.layoutSerial) this.isLayingOut = false;
    if (!answer || serial !== this.layoutSerial || answer.answer.overtaken) return false;
    const [png] = answer.buffers;
    if (png) await this.receiver.showLayout(answer.answer, png);
    else this.receiver.showMistakes(answer.answer.diagnostics);
    return Boolean(png) && serial === this.layoutSerial;
  }

  /**
   * Ask for all steps of what was laid out last.
   * @returns {Promise<boolean>} whether the figure is shown
   */
  async loadFigure() {
    const before = this.layoutSerial;
    const answer = await this.ask("figure", { serial: ++this.serial });
    if (!answer || before !== this.layoutSerial) return false;
    if (answer.answer.too_large) this.receiver.showNoFigure(answer.answer.too_large);
    if (!answer.answer.scene) return false;
    this.receiver.showFigure(answer.answer.scene, answer.buffers);
    return true;
  }

  /**
   * Show a step of what was laid out last. While one picture is on its way, only the last wish is kept.
   * @param {number} step
   * @param {number} ratio
   */
  async loadStep(step, ratio) {
    this.wanted = { step, ratio };
    if (this.isAsking) return;
    this.isAsking = true;
    while (this.wanted) {
      const { step: next, ratio: pixels } = this.wanted;
      this.wanted = null;
      const before = this.layoutSerial;
      const answer = await this.ask("picture", { step: next, pixel_ratio: pixels, serial: ++this.serial });
      const [png] = answer?.buffers ?? [];
      if (png && before === this.layoutSerial) await this.receiver.showStep(next, png);
    }
    this.isAsking = false;
  }

  /**
   * @param {string} method
   * @param {object} parameters
   */
  async ask(method, parameters) {
    try {
      const view = this.getView();
      return await this.connection.call(method, { view, client: this.client, ...parameters });
    } catch (error) {
      this.receiver.showError(/** @type {Error} */ (error).message);
      return null;
    }
  }
}
