// A preview in a notebook: the page in a shadow tree, so that neither has the other's styles.

import { make } from "../items.js";
import { Page } from "./page.js";
import { WidgetConnection } from "./widget_connection.js";

/** Milliseconds after which the figure is shown in place of a page whose kernel does not answer. */
const PATIENCE = 3000;

/**
 * @param {object} widget
 * @param {import("./widget_connection.js").Model} widget.model
 * @param {HTMLElement} widget.el
 */
function render({ model, el }) {
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
    figure.innerHTML = `${model.get("_figure")}<p>The controls need a running kernel.</p>`;
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
  host.addEventListener("transitionend", takeTheme);
  const sizes = new ResizeObserver(takeTheme);
  sizes.observe(host);
  host.addEventListener("keydown", (event) => {
    const isOfNotebook = (event.ctrlKey || event.metaKey) && !event.defaultPrevented;
    if (!isOfNotebook) event.stopPropagation();
  });
  addEventListener("pagehide", () => connection.leave(), closing);
  return () => {
    closing.abort();
    clearTimeout(patience);
    sizes.disconnect();
    page.close();
    connection.close();
  };
}

/**
 * Whether the text around an element is light, whatever names the notebook has for its themes.
 * @param {HTMLElement} element
 */
function isDark(element) {
  const context = make("canvas", { width: "1", height: "1" }).getContext("2d");
  if (!context) return false;
  context.fillStyle = getComputedStyle(element).color;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  return 2 * red + 5 * green + blue > 4 * 255;
}

export default { render };
