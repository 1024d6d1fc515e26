// Time in the page: play, the slider over the steps, and keys that move through them.

import { make } from "../items.js";
import { Player } from "../player.js";

const SPEEDS = [0.25, 0.5, 1, 2, 4];
const PAGE = 10;

/**
 * What plays: the part of a scene that concerns time.
 * @typedef {Pick<import("../scene.js").Scene, "steps" | "frames" | "loop">} Timeline
 */

/** @param {number} step */
const toText = (step) => step.toLocaleString("en");

/** Play, slider, step and speed. */
export class Transport {
  /**
   * @param {(isChosen: boolean) => void} onStep called when the step has changed; by the reader, or by playing
   */
  constructor(onStep) {
    this.onStep = onStep;
    this.button = make("button", { type: "button", class: "play", title: "Play (space)" });
    this.slider = make("input", { type: "range", min: "0", step: "1", "aria-label": "Training step" });
    this.label = make("output", { class: "step" });
    this.speeds = make(
      "select",
      { "aria-label": "Speed", class: "quiet" },
      ...SPEEDS.map((speed) => make("option", { value: String(speed) }, `${speed}×`)),
    );
    this.speeds.value = "1";
    this.element = make(
      "div",
      { class: "transport still" },
      this.button,
      this.slider,
      this.label,
      this.speeds,
    );
    this.player = this.makePlayer({ steps: [0], frames: [[0, 1000]], loop: null });
    this.button.addEventListener("click", () => this.toggle());
    this.slider.addEventListener("input", () => this.seek(Number(this.slider.value)));
    this.speeds.addEventListener("change", () => (this.player.speed = Number(this.speeds.value)));
  }

  get steps() {
    return this.player.scene.steps;
  }

  /** The shown step. */
  get step() {
    return this.steps[this.player.step];
  }

  get isAtEnd() {
    return this.player.step === this.steps.length - 1;
  }

  /**
   * Play along another timeline from now on. The step stays, or the nearest one is taken.
   * @param {Timeline} timeline
   * @param {number} step
   */
  setTimeline(timeline, step) {
    const { isPlaying } = this.player;
    this.player.pause();
    this.player = this.makePlayer(timeline);
    this.player.step = findNearest(timeline.steps, step);
    this.element.classList.toggle("still", timeline.steps.length < 2);
    this.slider.max = String(timeline.steps.length - 1);
    if (isPlaying) this.player.play();
    this.update();
  }

  /** @param {Timeline} timeline */
  makePlayer(timeline) {
    // A player needs no more of a scene than its timeline.
    const scene = /** @type {import("../scene.js").Scene} */ (timeline);
    /** @type {Player} */
    const player = new Player(scene, () => {
      if (player !== this.player) return;
      this.update();
      this.onStep(!player.isPlaying);
    });
    player.speed = Number(this.speeds.value);
    return player;
  }

  /** @param {number} index */
  seek(index) {
    this.player.seek(index);
  }

  toggle() {
    if (this.player.isPlaying) this.player.pause();
    else if (this.steps.length > 1) this.player.play();
  }

  /**
   * Do what a key means.
   * @param {string} key
   * @returns {boolean} whether it means anything
   */
  press(key) {
    const { step } = this.player;
    /** @type {Record<string, number>} */
    const moves = {
      ArrowLeft: step - 1,
      ArrowRight: step + 1,
      ArrowDown: step - 1,
      ArrowUp: step + 1,
      PageDown: step - PAGE,
      PageUp: step + PAGE,
      Home: 0,
      End: this.steps.length - 1,
    };
    if (key === " ") this.toggle();
    else if (key in moves) this.seek(moves[key]);
    else return false;
    return true;
  }

  update() {
    const { player } = this;
    const text = `step ${toText(this.step)} of ${toText(this.steps[this.steps.length - 1])}`;
    this.slider.value = String(player.step);
    this.slider.setAttribute("aria-valuetext", text);
    this.label.textContent = text;
    this.button.setAttribute("aria-label", player.isPlaying ? "Pause" : "Play");
    this.button.classList.toggle("playing", player.isPlaying);
  }
}

/**
 * The index of the step that is nearest to another one.
 * @param {number[]} steps
 * @param {number} step
 */
function findNearest(steps, step) {
  const distances = steps.map((each) => Math.abs(each - step));
  return distances.indexOf(Math.min(...distances));
}
