// The search of the index: every word must begin a word of the code, its names or its plain words.
"use strict";

(() => {
  const SHOWN = 50;
  const form = document.getElementById("search");
  const input = document.getElementById("q");
  const found = document.getElementById("found");
  const results = document.getElementById("results");
  const sections = document.getElementById("sections");
  const { categories, codes } = window.searchIndex;

  const plain = (text) => text.toLowerCase().normalize("NFC");
  // A blank before each word, so that " word" finds where a word begins.
  const spread = (text) => " " + plain(text).split(/[^\p{L}\p{N}]+/u).filter(Boolean).join(" ");

  const entries = codes.split("\n").map((line) => {
    const [code, title, category, words] = line.split("\t");
    const lower = code.toLowerCase();
    const name = spread(title);
    return { code, lower, title, category: categories[category], name, all: ` ${lower}${name} ${words}` };
  });

  /** How well an entry fits, the smaller the better; -1 where it does not. */
  const rank = (entry, phrase, words) => {
    if (entry.lower === phrase) return 0;
    if (entry.lower.startsWith(phrase)) return 1;
    if (!words.every((word) => entry.all.includes(word))) return -1;
    if (entry.name.startsWith(` ${phrase}`)) return 2;
    return words.every((word) => entry.name.includes(word)) ? 3 : 4;
  };

  const search = (text) => {
    const phrase = spread(text).trim();
    let words = phrase.split(" ").filter(Boolean);
    // Short words are not in the index; alone they may begin a code.
    if (words.length > 1) words = words.filter((word) => word.length > 2);
    words = words.map((word) => ` ${word}`);
    const ranked = [];
    for (const entry of entries) {
      const place = rank(entry, phrase, words);
      if (place >= 0) ranked.push([place, entry]);
    }
    // Sorting is stable: equal ranks stay in the order of the codes.
    return ranked.sort((left, right) => left[0] - right[0]).map((pair) => pair[1]);
  };

  const item = (entry) => {
    const link = document.createElement("a");
    link.href = `codes/${entry.code}.html`;
    const code = document.createElement("span");
    code.className = "code";
    code.textContent = entry.code;
    link.append(code, ` ${entry.title || entry.category}`);
    const line = document.createElement("li");
    line.append(link);
    if (entry.title) {
      const category = document.createElement("span");
      category.className = "quiet";
      category.textContent = entry.category;
      line.append(" ", category);
    }
    return line;
  };

  const show = () => {
    const text = input.value.trim();
    const hits = text ? search(text) : [];
    results.replaceChildren(...hits.slice(0, SHOWN).map(item));
    sections.hidden = text !== "";
    if (!text) found.textContent = "";
    else if (hits.length === 0) found.textContent = `No code for “${text}”`;
    else if (hits.length === 1) found.textContent = "1 code";
    else if (hits.length <= SHOWN) found.textContent = `${hits.length} codes`;
    else found.textContent = `${hits.length.toLocaleString("en")} codes, the first ${SHOWN} are shown`;
  };

  const move = (event, step) => {
    const links = [...results.querySelectorAll("a")];
    const place = links.indexOf(document.activeElement) + step;
    if (place >= links.length) return;
    event.preventDefault();
    (place < 0 ? input : links[place]).focus();
  };

  input.addEventListener("input", show);
  document.addEventListener("keydown", (event) => {
    const isInside = event.target === input || results.contains(event.target);
    if (isInside && event.key === "ArrowDown") move(event, 1);
    else if (isInside && event.key === "ArrowUp" && event.target !== input) move(event, -1);
    else if (event.key === "/" && event.target !== input) {
      event.preventDefault();
      input.focus();
    }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const first = results.querySelector("a");
    if (first) first.click();
  });

  // A page's own field leads here.
  input.value = new URLSearchParams(location.search).get("q") ?? input.value;
  show();
  if (input.value) input.focus();
})();
