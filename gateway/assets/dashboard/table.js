// Tables. Whatever comes from the API is text, never markup.

const NUMBER = new Intl.NumberFormat("en");

export const number = (value) => NUMBER.format(value);

/** An element with text or with other elements in it. */
export function element(name, className, ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

/** A column: its title, what of a row it shows, and how. */
export const column = (title, text, className = "text") => ({ title, text, className });
export const numbers = (title, value) => column(title, (row) => number(value(row)), "number-cell");
export const times = (title, text) => column(title, text, "time");

/** Shows `rows` in place of what the table showed. */
export function fill(table, columns, rows, nothing = "Nothing in this period.") {
  const titles = columns.map(({ title, className }) => {
    const head = element("th", className, title);
    head.scope = "col";
    return head;
  });
  const body = element("tbody");
  table.replaceChildren(element("thead", "", element("tr", "", ...titles)), body);
  append(table, columns, rows);
  if (rows.length === 0) {
    const cell = element("td", "empty", nothing);
    cell.colSpan = columns.length;
    body.append(element("tr", "", cell));
  }
}

/** Shows more rows. */
export function append(table, columns, rows) {
  const greatest = Math.max(...rows.map((row) => row.count ?? 0));
  const lines = rows.map((row) => element("tr", "", ...columns.map(cell(row, greatest))));
  table.tBodies[0].append(...lines);
}

const cell = (row, greatest) => ({ text, className }, index) => {
  const made = element(index === 0 ? "th" : "td", className);
  if (index === 0) made.scope = "row";
  made.append(index === 0 && row.count ? bar(text(row), row.count / greatest) : text(row));
  return made;
};

function bar(text, share) {
  const made = element("span", "bar", text);
  made.style.setProperty("--share", `${Math.round(share * 100)}%`);
  return made;
}

/** Counts by name, the greatest first, ties by name. */
export function ranked(counts, most) {
  const rows = [...counts].map(([name, count]) => ({ name, count }));
  const byName = (a, b) => (a.name < b.name ? -1 : 1);
  return rows.sort((a, b) => b.count - a.count || byName(a, b)).slice(0, most);
}

/** Adds up the counts of many lists. */
export function added(lists, name, count) {
  const sums = new Map();
  for (const item of lists.flat()) {
    sums.set(item[name], (sums.get(item[name]) ?? 0) + item[count]);
  }
  return sums;
}
