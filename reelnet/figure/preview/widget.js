// A preview in a notebook: the page in a shadow tree, so that neither has the other's styles.

import { make } from "../items.js";
import { Page } from "./page.js";
import { WidgetConnection } from "./widget_connection.js";

/** Milliseconds after which the figure is shown in place of a page whose kernel does not answer. */
const PATIENCE = 3000;

const FONTS = "reelnet-fonts";

/**
 * @param {object} widget
 * @param {import("./widget_connection.js").Model} widget.model
 * @param {HTMLElement} widget.el
 */
function render({ model, el }) {
  // Browsers take fonts from the document alone. These have names of their own.
  if (!document.getElementById(FONTS)) {
    document.head.append(make("style", { id: FONTS }, model.get("_fonts")));
  }
  const root = make("div", { tabindex: "-1" });
  // JupyterLab takes no keys from such an element.
  const host = make("div", { "data-lm-suppress-shortcuts": "true", "data-jp-suppress-context-menu": "true" });
  const shadow = host.attachShadow({ mode: "open" });
  const style = new CSSStyleSheet();
  style.replaceSync(model.get("_style"));
  // CodeMirror puts its own style before those that are there.
  shadow.adoptedStyleSheets = [style];
  shadow.append(root);
  const figure = make("div", { hidden: "" });
  el.replaceChildren(host, figure);

  const connection = new WidgetConnection(model);
  const page = new Page(root, connection, () => {});
  const patience = setTimeout(() => {
    figure.innerHTML = model.get("_figure");
    figure.append(make("p", { style: "font: 13px/20px system-ui" }, "The controls need a running kernel."));
    figure.hidden = false;
    host.hidden = true;
  }, PATIENCE);
  page.start({ template: null, layer: null, step: null }).then(() => {
    clearTimeout(patience);
    figure.remove();
    host.hidden = false;
  });

  const closing = new AbortController();
  const takeTheme = () => (root.style.colorScheme = isDark(host) ? "dark" : "light");
  const sizes = new ResizeObserver(takeTheme);
  sizes.observe(host);
  // Notebooks have their theme in an attribute of one of these, or in a color that the widget inherits.
  const themes = new MutationObserver(takeTheme);
  for (const element of [document.documentElement, document.body]) {
    themes.observe(element, { attributes: true });
  }
  host.addEventListener("transitionend", takeTheme);
  host.addEventListener("keydown", (event) => {
    const isOfNotebook = (event.ctrlKey || event.metaKey) && !event.defaultPrevented;
    if (!isOfNotebook) event.stopPropagation();
  });
  addEventListener("pagehide", () => connection.leave(), closing);
  return () => {
    closing.abort();
    clearTimeout(patience);
    sizes.disconnect();
    themes.disconnect();
    page.close();
    connection.close();
  };
}

/**
 * Whether an element lies on a dark ground, or its text is light, whatever names the notebook has for its themes.
 * @param {HTMLElement} element
 */
function isDark(element) {
  /** @type {Element | null} */
  let ground = element;
  while (ground) {
    const { lightness, alpha } = readColor(getComputedStyle(ground).backgroundColor);
    if (alpha > 0.5) return lightness < 0.5;
    const root = ground.getRootNode();
    ground = ground.parentElement ?? (root instanceof ShadowRoot ? root.host : null);
  }
  return readColor(getComputedStyle(element).color).lightness > 0.5;
}

/**
 * @param {string} color any that CSS knows
 * @returns {{lightness: number, alpha: number}} from 0 to 1
 */
function readColor(color) {
  const canvas = make("canvas", { width: "1", height: "1" });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = context.getImageData(0, 0, 1, 1).data;
  return { lightness: (2 * red + 5 * green + blue) / (8 * 255), alpha: alpha / 255 };
}

export default { render };
