"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const list = document.getElementById("list"), status = document.getElementById("status"), show = document.getElementById("show");
  const decided = new Map();
  const make = (name, text, className) => {
    const one = document.createElement(name);
    if (text) one.textContent = text;
    if (className) one.className = className;
    return one;
  };
  const cards = data.rows.map((row, number) => card(row, number));
  function card(row, number) {
    const article = make("article");
    article.tabIndex = 0;
    article.dataset.number = number;
    const title = make("h2", `${row.document}, ${row.where}: ${row.source.slice(0, 80)}`);
    title.id = `title-${number}`;
    article.setAttribute("aria-labelledby", title.id);
    const left = make("div");
    if (row.picture !== null) {
      const image = make("img");
      image.src = data.pictures[row.picture];
      image.alt = `Picture ${number + 1}, whose words you decide`;
      left.append(image);
    } else left.append(make("p", row.unseen, "soft"));
    const right = make("div");
    right.append(title, make("p", row.reason, "soft"));
    if (row.perhaps) right.append(make("p", `Detected: ${row.perhaps}`, "soft"));
    if (row.caption) right.append(make("p", `Caption: ${row.caption}`, "soft"));
    if (row.near) right.append(make("p", `Text beside it: ${row.near.slice(0, 200)}`, "soft"));
    if (row.href) right.append(make("p", `In a link to: ${row.href.slice(0, 200)}`, "soft"));
    const label = make("label", "Alt text");
    label.htmlFor = `words-${number}`;
    const words = make("textarea");
    words.id = label.htmlFor;
    words.value = row.alt || "";
    const count = make("p", "", "soft");
    count.id = `count-${number}`;
    words.setAttribute("aria-describedby", count.id);
    const counted = () => {
      const long = words.value.length > data.longest ? `; aim at ${data.longest} or fewer` : "";
      count.textContent = `${words.value.length} characters${long}`;
    };
    words.addEventListener("input", () => { counted(); if (decided.has(number)) undo(number); });
    counted();
    const actions = make("div", "", "actions");
    const buttons = {};
    for (const [name, text] of [["write", "Accept"], ["decorative", "Decorative"], ["skip", "Skip"]]) {
      const button = buttons[name] = make("button", text);
      button.type = "button";
      button.setAttribute("aria-pressed", "false");
      button.setAttribute("aria-describedby", title.id);
      button.addEventListener("click", () => decide(number, name));
      actions.append(button);
    }
    right.append(label, words, count, actions);
    article.append(left, right);
    list.append(article);
    words.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); decide(number, "write"); article.focus(); }
      if (event.key === "Escape") article.focus();
      event.stopPropagation();
    });
    return { row, article, words, buttons };
  }
  function decide(number, action) {
    const { row, article, words, buttons } = cards[number];
    const alt = action === "write" ? words.value.split(/\s+/).join(" ").trim() : "";
    if (action === "write" && !alt) {
      status.textContent = "Write words first, or choose Decorative.";
      words.focus();
      return;
    }
    const own = action === "write" && alt === (row.alt || "");
    const found = { key: row.key, document: row.document, source: row.source, action, alt, was: row.was, by: own && row.by ? row.by : "person", date: data.date };
    if (own && row.by === "model") Object.assign(found, { model: data.model.name, version: data.model.version, confidence: row.confidence });
    decided.set(number, found);
    for (const [name, button] of Object.entries(buttons)) button.setAttribute("aria-pressed", String(name === action));
    article.classList.add("done");
    told();
  }
  function undo(number) {
    decided.delete(number);
    cards[number].article.classList.remove("done");
    for (const button of Object.values(cards[number].buttons)) button.setAttribute("aria-pressed", "false");
    told();
  }
  const told = () => { status.textContent = `${decided.size} of ${cards.length} decided`; };
  function filter() {
    const tests = {
      all: () => true,
      open: (number) => !decided.has(number),
      done: (number) => decided.has(number),
      sure: (number) => cards[number].row.sure,
      unsure: (number) => !cards[number].row.sure && cards[number].row.alt !== null,
      person: (number) => cards[number].row.alt === null,
    };
    cards.forEach(({ article }, number) => { article.hidden = !tests[show.value](number); });
  }
  function move(number, step) {
    for (let at = number + step; at >= 0 && at < cards.length; at += step) {
      if (!cards[at].article.hidden) { cards[at].article.focus(); return; }
    }
  }
  function save() {
    const value = { format: data.format, version: data.version, decisions: [...decided.values()] };
    const link = make("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(value, null, 1)], { type: "application/json" }));
    link.download = "decisions.json";
    link.click();
    URL.revokeObjectURL(link.href);
    status.textContent = `${decided.size} decisions saved as decisions.json`;
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey && event.key.toLowerCase() === "s") { event.preventDefault(); save(); return; }
    const article = event.target.closest && event.target.closest("article");
    if (!article || event.ctrlKey || event.altKey || event.metaKey || event.target.tagName === "TEXTAREA") return;
    const number = Number(article.dataset.number);
    const does = {
      a: () => { decide(number, "write"); },
      d: () => { decide(number, "decorative"); },
      s: () => { decide(number, "skip"); },
      e: () => { event.preventDefault(); cards[number].words.focus(); },
      u: () => { undo(number); },
      j: () => { move(number, 1); },
      k: () => { move(number, -1); },
    };
    const action = does[event.key.toLowerCase()];
    if (action) action();
  });
  document.getElementById("tools").addEventListener("submit", (event) => { event.preventDefault(); save(); });
  document.getElementById("accept").addEventListener("click", () => {
    cards.forEach(({ row }, number) => { if (row.sure && !decided.has(number)) decide(number, row.alt === "" ? "decorative" : "write"); });
    filter();
  });
  const file = document.getElementById("file");
  document.getElementById("load").addEventListener("click", () => file.click());
  file.addEventListener("change", async () => {
    try {
      const given = JSON.parse(await file.files[0].text());
      const byKey = new Map(cards.map(({ row }, number) => [row.key, number]));
      for (const one of given.decisions) {
        if (!byKey.has(one.key)) continue;
        const number = byKey.get(one.key);
        if (one.action === "write") cards[number].words.value = one.alt;
        decide(number, one.action);
        decided.set(number, one);
      }
      filter();
    } catch (error) { status.textContent = `These are no decisions: ${error.message}`; }
  });
  show.addEventListener("change", filter);
  told();
  document.documentElement.dataset.ready = "";
})();
