// Time: which step the figure shows, and how it plays along the timeline of its template.

/** Plays the frames of a scene, and tells what it shows. */
export class Player {
  /**
   * @param {import("./scene.js").Scene} scene
   * @param {() => void} onChange called when the step or the state of play has changed
   */
  constructor(scene, onChange) {
    this.scene = scene;
    this.onChange = onChange;
    this.step = scene.frames[0][0];
    this.frame = 0;
    this.elapsed = 0;
    this.plays = 0;
    this.speed = 1;
    this.isPlaying = false;
    this.isVisible = true;
    this.time = 0;
    this.request = 0;
  }

  play() {
    const { frames } = this.scene;
    // From the end, begin again; from a step that the reader chose, go on there.
    this.frame = frames.findIndex(([step]) => step >= this.step);
    if (this.frame < 0 || this.step === frames[frames.length - 1][0]) this.frame = 0;
    this.elapsed = 0;
    this.plays = 0;
    this.isPlaying = true;
    this.run();
    this.setStep(frames[this.frame][0]);
    this.onChange();
  }

  pause() {
    if (!this.isPlaying) return;
    this.isPlaying = false;
    this.onChange();
  }

  /** @param {boolean} isVisible */
  setVisible(isVisible) {
    this.isVisible = isVisible;
    this.run();
  }

  /** Ask for the next picture of the screen, if there is something to play. */
  run() {
    cancelAnimationFrame(this.request);
    if (!this.isPlaying || !this.isVisible) return;
    this.time = performance.now();
    const tick = (/** @type {number} */ now) => {
      this.advance(Math.max(0, now - this.time));
      this.time = now;
      if (this.isPlaying && this.isVisible) this.request = requestAnimationFrame(tick);
    };
    this.request = requestAnimationFrame(tick);
  }

  /** @param {number} milliseconds since the last call */
  advance(milliseconds) {
    const { frames, loop } = this.scene;
    this.elapsed += milliseconds * this.speed;
    while (this.isPlaying && this.elapsed >= frames[this.frame][1]) {
      this.elapsed -= frames[this.frame][1];
      const isLast = this.frame === frames.length - 1;
      if (isLast && loop !== null && ++this.plays >= loop) this.pause();
      else this.frame = isLast ? 0 : this.frame + 1;
    }
    this.setStep(frames[this.frame][0]);
  }

  /**
   * Show a step that the reader chooses, and stop there.
   * @param {number} step index of the step; the nearest one if there is none
   */
  seek(step) {
    this.isPlaying = false;
    // A tick that has been asked for would show the step that plays.
    this.run();
    this.step = Math.min(Math.max(step, 0), this.scene.steps.length - 1);
    this.onChange();
  }

  /** @param {number} step */
  setStep(step) {
    if (step === this.step) return;
    this.step = step;
    this.onChange();
  }
}
