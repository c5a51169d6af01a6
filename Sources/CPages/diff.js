// Makes the tables of diff.html sortable and filterable. Every text goes into the page as a text node.
"use strict";
(() => {
  const step = 100;
  const marks = [null, "del", "ins"];

  const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");

  // As PageNumber.text in PageNumber.swift writes it: whole numbers of units, never a fraction.
  function numberText(units, column) {
    const digits = String(Math.abs(units)).padStart(column.places + 1, "0");
    const point = digits.length - column.places;
    const sign = units < 0 ? "−" : column.change && units > 0 ? "+" : "";
    const fraction = column.places > 0 ? "." + digits.slice(point) : "";
    return sign + column.prefix + grouped(digits.slice(0, point)) + fraction + column.suffix;
  }

  function cellText(column, row) {
    const value = column.values[row];
    switch (column.kind) {
      case "number": return value === null ? "" : numberText(value, column);
      case "choice": return column.choices[value];
      case "words": return value.filter((_, index) => index % 2 === 1).join(" ");
      default: return value;
    }
  }

  // Commas and the minus sign are typed in more than one way.
  const folded = (text) => text.toLowerCase().replaceAll(",", "").replaceAll("−", "-");

  // A column's cells as a filter looks at them: `folded` of what is shown, without making that first.
  function foldedWriter(column) {
    const { kind, values } = column;
    if (kind === "choice") {
      const choices = column.choices.map(folded);
      return (row) => choices[values[row]];
    }
    if (kind !== "number") return (row) => folded(cellText(column, row));
    const prefix = folded(column.prefix);
    const suffix = folded(column.suffix);
    return (row) => {
      const units = values[row];
      if (units === null) return "";
      const sign = units < 0 ? "-" : column.change && units > 0 ? "+" : "";
      const digits = String(Math.abs(units)).padStart(column.places + 1, "0");
      if (column.places === 0) return sign + prefix + digits + suffix;
      const point = digits.length - column.places;
      return sign + prefix + digits.slice(0, point) + "." + digits.slice(point) + suffix;
    };
  }

  function element(name, text, className) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function cell(column, row, isHeading) {
    if (column.kind === "words") {
      const made = element("td", undefined, "words");
      const value = column.values[row];
      for (let index = 0; index < value.length; index += 2) {
        if (index > 0) made.append(" ");
        const mark = marks[value[index]];
        made.append(mark ? element(mark, value[index + 1]) : value[index + 1]);
      }
      return made;
    }
    const heading = isHeading && column.kind !== "number";
    const made = element(heading ? "th" : "td", cellText(column, row));
    if (heading) made.scope = "row";
    if (column.kind !== "text") made.className = column.kind === "number" ? "n" : column.kind;
    return made;
  }

  class Table {
    constructor(block) {
      this.block = block;
      this.id = block.dataset.table;
      this.body = block.querySelector("tbody");
      this.heads = [...block.querySelectorAll("thead th")];
      this.titles = this.heads.map((head) => head.textContent);
      this.status = block.querySelector(".count");
      this.shown = step;
      this.sorted = { column: -1, descending: false };
      this.menus = [];
      this.addHeads();
      this.addTools();
      this.more = element("button", "", "more");
      this.more.type = "button";
      this.more.addEventListener("click", () => this.showMore());
      block.append(this.more);
      this.tellCount(this.body.rows.length, this.total, this.total);
    }

    // The data of a table is read when somebody first asks for it.
    get columns() {
      this.data ??= JSON.parse(document.getElementById(this.id + "-data").textContent);
      return this.data.columns;
    }

    get total() {
      this.rows ??= Number(this.block.dataset.rows);
      return this.rows;
    }

    addHeads() {
      this.heads.forEach((head, index) => {
        const button = element("button", this.titles[index]);
        button.type = "button";
        button.addEventListener("click", () => this.sort(index));
        head.replaceChildren(button);
        head.ariaSort = "none";
      });
    }

    addTools() {
      const tools = element("div", undefined, "tools");
      tools.setAttribute("role", "search");
      tools.setAttribute("aria-label", "Filter: " + this.block.querySelector("caption").textContent);
      const label = element("label", "Filter");
      this.input = element("input");
      this.input.type = "search";
      this.input.autocomplete = "off";
      this.input.placeholder = "any words of a row";
      this.input.addEventListener("focus", () => this.texts, { once: true });
      this.input.addEventListener("input", () => this.filter());
      label.append(this.input);
      tools.append(label);
      for (const index of (this.block.dataset.menus || "").split(" ").filter(Boolean).map(Number)) {
        const label = element("label", this.titles[index]);
        const menu = element("select");
        menu.append(new Option("all", ""));
        // The choices are filled in when the menu is first reached, from the data.
        const fill = () => {
          if (menu.length > 1) return;
          this.columns[index].choices.forEach((choice, place) => menu.append(new Option(choice || "(none)", place)));
        };
        menu.addEventListener("pointerdown", fill);
        menu.addEventListener("focus", fill);
        menu.addEventListener("change", () => this.filter());
        label.append(menu);
        tools.append(label);
        this.menus.push({ index, menu });
      }
      tools.append(this.status);
      this.block.prepend(tools);
    }

    // What a row's filter is held against, made once.
    get texts() {
      if (!this.folded) {
        const texts = new Array(this.total).fill("");
        for (const column of this.columns) {
          const write = foldedWriter(column);
          for (let row = 0; row < texts.length; row += 1) texts[row] += write(row) + " ";
        }
        this.folded = texts;
      }
      return this.folded;
    }

    get order() {
      this.ordered ??= Array.from({ length: this.total }, (_, row) => row);
      return this.ordered;
    }

    // First click: numbers from the largest, texts from A; then the other way; then as it was.
    sort(index) {
      const startsDescending = this.columns[index].kind === "number";
      const same = this.sorted.column === index;
      if (!same) {
        this.sorted = { column: index, descending: startsDescending };
      } else if (this.sorted.descending === startsDescending) {
        this.sorted.descending = !startsDescending;
      } else {
        this.sorted = { column: -1, descending: false };
      }
      this.heads.forEach((head, place) => {
        head.ariaSort = place !== this.sorted.column ? "none" : this.sorted.descending ? "descending" : "ascending";
      });
      this.ordered = undefined;
      if (this.sorted.column >= 0) this.order.sort(this.comparison());
      this.filter();
    }

    comparison() {
      const column = this.columns[this.sorted.column];
      const sign = this.sorted.descending ? -1 : 1;
      const keys = column.kind === "number" ? column.values : column.values.map((_, row) => cellText(column, row));
      return (left, right) => {
        const a = keys[left];
        const b = keys[right];
        if (a === b) return left - right;
        // What has no value stands last, whichever way.
        if (a === null || a === "") return 1;
        if (b === null || b === "") return -1;
        return a < b ? -sign : sign;
      };
    }

    filter() {
      this.shown = step;
      this.render();
    }

    showMore() {
      const before = this.body.rows.length;
      this.shown += step;
      this.render();
      // The button may be gone: the reader goes on where the new rows begin.
      const first = this.body.rows[before];
      if (first && this.more.hidden) {
        first.tabIndex = -1;
        first.focus();
      }
    }

    matching() {
      const words = folded(this.input.value).split(/\s+/).filter(Boolean);
      const chosen = this.menus.filter(({ menu }) => menu.value !== "")
        .map(({ index, menu }) => ({ values: this.columns[index].values, value: Number(menu.value) }));
      if (words.length === 0 && chosen.length === 0) return this.order;
      const texts = words.length > 0 ? this.texts : null;
      return this.order.filter((row) =>
        chosen.every(({ values, value }) => values[row] === value)
        && words.every((word) => texts[row].includes(word)));
    }

    render() {
      const columns = this.columns;
      const rows = this.matching();
      const count = Math.min(rows.length, this.shown);
      const fragment = document.createDocumentFragment();
      for (let place = 0; place < count; place += 1) {
        const line = element("tr");
        columns.forEach((column, index) => line.append(cell(column, rows[place], index === 0)));
        fragment.append(line);
      }
      this.body.replaceChildren(fragment);
      this.tellCount(count, rows.length, this.total);
    }

    tellCount(shown, matching, total) {
      const rows = total === 1 ? "row" : "rows";
      const found = matching === total
        ? `${grouped(total)} ${rows}` : `${grouped(matching)} of ${grouped(total)} ${rows} match`;
      this.status.textContent = shown === matching ? found : `${found}, the first ${grouped(shown)} are shown`;
      this.more.hidden = shown >= matching;
      this.more.textContent = `Show ${grouped(Math.min(step, matching - shown))} more`;
    }
  }

  for (const block of document.querySelectorAll("[data-table]")) new Table(block);

  // What is folded away on the screen is there on paper.
  let folds = [];
  addEventListener("beforeprint", () => {
    folds = [...document.querySelectorAll("details:not([open])")];
    for (const fold of folds) fold.open = true;
  });
  addEventListener("afterprint", () => {
    for (const fold of folds) fold.open = false;
  });
})();
