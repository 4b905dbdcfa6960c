// Creates elements. Text never becomes markup.

type Child = Node | string;
type Attributes = Readonly<Record<string, string | number | boolean>>;

/** Returns an HTML element; an attribute that is false is left out, one that is true stands alone. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  return fill(document.createElement(tag), attributes, children);
}

/** Returns an SVG element. */
export function draw<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[Tag] {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

export function makeButton(text: string, press: () => void, attributes: Attributes = {}): HTMLButtonElement {
  const button = make("button", { type: "button", class: "study-button", ...attributes }, text);
  button.addEventListener("click", press);
  return button;
}

/** Returns a table with a caption; the first cell of a row is its header. */
export function makeTable(caption: string, header: readonly string[], rows: readonly string[][]): HTMLTableElement {
  const heads = header.map((text) => make("th", { scope: "col" }, text));
  const lines = rows.map(([first = "", ...rest]) =>
    make("tr", {}, make("th", { scope: "row" }, first), ...rest.map((text) => make("td", {}, text))),
  );
  return make(
    "table",
    { class: "study-table" },
    make("caption", {}, caption),
    make("thead", {}, make("tr", {}, ...heads)),
    make("tbody", {}, ...lines),
  );
}

function fill<T extends Element>(element: T, attributes: Attributes, children: readonly Child[]): T {
  for (const [name, value] of Object.entries(attributes))
    if (value !== false) element.setAttribute(name, value === true ? "" : String(value));
  element.append(...children);
  return element;
}
