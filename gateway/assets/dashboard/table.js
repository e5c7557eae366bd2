// Tables. Whatever comes from the API is text, never markup, and nothing of it is hidden.

const NUMBER = new Intl.NumberFormat("en");
/** Rows of a ranking before somebody asks for more. */
const FEW = 10;

/** Characters that show nothing or turn text around, except what joins the parts of an emoji. */
const HIDDEN =
  /(?!(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d(?=\p{Extended_Pictographic}))\p{Cf}/gu;

/** The text with hidden characters escaped, so that it is what it looks like. */
const plain = (text) =>
  text.replace(HIDDEN, (character) => `\\u{${character.codePointAt(0).toString(16)}}`);

export const number = (value) => NUMBER.format(value);

/** An element with text or with other elements in it. */
export function element(name, className, ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content.map((part) => (typeof part === "string" ? plain(part) : part)));
  return made;
}

/** A button. */
export function button(className, text, act) {
  const made = element("button", className, text);
  made.type = "button";
  made.addEventListener("click", () => act(made));
  return made;
}

/** A column: its title, what of a row it shows, and how. */
export const column = (title, text, className = "text") => ({ title, text, className });
export const numbers = (title, value) => column(title, (row) => number(value(row)), "number-cell");
export const times = (title, text) => column(title, text, "time");
/** A column whose text opens more text, which `read` fetches. */
export const opening = (title, text, read) => ({ ...column(title, text), read });

/** A column whose text is chosen by a click. */
export const picking = (title, text, pick) => ({ ...column(title, text), pick });

/** Shows `rows` in place of what the table showed. */
export function fill(table, columns, rows) {
  const titles = columns.map(({ title, className }) => {
    const head = element("th", className, title);
    head.scope = "col";
    return head;
  });
  const body = element("tbody");
  table.replaceChildren(element("thead", "", element("tr", "", ...titles)), body);
  append(table, columns, rows);
}

/** Shows more rows. */
export function append(table, columns, rows) {
  const greatest = Math.max(...rows.map((row) => row.count ?? 0));
  const lines = rows.map((row) => element("tr", "", ...columns.map(cell(row, greatest))));
  table.tBodies[0].append(...lines);
}

/** Shows the first rows of a ranking, and the others on a click. */
export function rank(table, columns, rows) {
  const few = table.dataset.whole ? rows : rows.slice(0, FEW);
  fill(table, columns, few);
  const next = table.nextElementSibling;
  if (next?.matches("button.more")) next.remove();
  if (few.length === rows.length) return;
  const show = () => {
    table.dataset.whole = "yes";
    rank(table, columns, rows);
  };
  table.after(button("more", `${number(rows.length - few.length)} more`, show));
}

const cell = (row, greatest) => ({ text, className, read, pick }, index) => {
  const whole = content(row, text(row), read, index === 0 && row.count / greatest);
  const shown = pick ? button("pick", whole, () => pick(row)) : whole;
  const made = element(index === 0 ? "th" : "td", className, shown);
  if (index === 0) made.scope = "row";
  return made;
};

function content(row, text, read, share) {
  if (read) {
    const opener = button("link", text, () => toggle(opener, row, read));
    opener.setAttribute("aria-expanded", "false");
    return opener;
  }
  return share ? bar(text, share) : text;
}

/** Opens the text of a row below it, or closes it. */
async function toggle(opener, row, read) {
  const line = opener.closest("tr");
  const isOpen = opener.getAttribute("aria-expanded") === "true";
  opener.setAttribute("aria-expanded", String(!isOpen));
  if (isOpen) return line.nextElementSibling.remove();
  const place = element("td", "opened", "Reading…");
  place.colSpan = line.cells.length;
  line.after(element("tr", "", place));
  line.closest("table").dataset.held = "yes";
  const text = await read(row).catch((error) => error.message);
  const shown = element("pre", "", text);
  shown.tabIndex = 0;
  place.replaceChildren(shown);
}

function bar(text, share) {
  const made = element("span", "bar", text);
  made.style.setProperty("--share", `${Math.round(share * 100)}%`);
  return made;
}

/** Counts by name, the greatest first, ties by name. */
export function ranked(counts) {
  const rows = [...counts].map(([name, count]) => ({ name, count }));
  const byName = (a, b) => (a.name < b.name ? -1 : 1);
  return rows.sort((a, b) => b.count - a.count || byName(a, b));
}

/** Adds up the counts of many lists. */
export function added(lists, name, count) {
  const sums = new Map();
  for (const item of lists.flat()) {
    sums.set(item[name], (sums.get(item[name]) ?? 0) + item[count]);
  }
  return sums;
}
