// The page's script: sends each photo by itself, shows what comes back, keeps nothing but the history of this browser.
const $ = (id) => document.getElementById(id);
const texts = await (await fetch("static/texts.en.json")).json();
const say = (key, values = {}) => texts[key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
const AT_ONCE = 4, STORE = "seesay.history", LONGEST = 200;
const still = matchMedia("(prefers-reduced-motion: reduce)");
const items = [];
let active = 0, total = 0, done = 0;
const queue = [];

// el("p", {class: "soft"}, "text", child …): an element; text never becomes markup.
function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== false && value != null) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((one) => one != null && one !== ""));
  return node;
}
const button = (key, action, more = {}) => el("button", { type: "button", onclick: action, ...more }, say(key));
const tell = (text) => { $("status").textContent = text; };

// ---- sending
function options(model) {
  const form = new FormData();
  if (model) form.set("model", model);
  if (taskOf(model) === "recognize") return form;
  const num = Math.max(1, Number($("num").value) || 1);
  const beam = Number($("beam").value) || (num > 1 ? Math.max(num, 5) : 0);
  form.set("num", num);
  if (beam) form.set("beam", beam);
  for (const word of $("must").value.split(",")) if (word.trim()) form.append("must", word.trim());
  if ($("scenes").checked) form.set("per_scene", "true");
  form.set("attention", "true");
  return form;
}
const taskOf = (model) => $("model").querySelector(`option[value="${CSS.escape(model)}"]`)?.dataset.task || "caption";
const pause = (seconds) => new Promise((go) => setTimeout(go, 1000 * seconds));

async function ask(file, model, note) {
  const headers = { Accept: "application/json" };
  if ($("token")?.value) headers.Authorization = `Bearer ${$("token").value}`;
  for (;;) {
    const form = options(model);
    form.append("file", file, file.name);
    let answer;
    try {
      answer = await fetch(`v1/${taskOf(model)}`, { method: "POST", body: form, headers });
    } catch {
      throw new Error(say("unreachable"));
    }
    if (answer.ok) return answer.json();
    const problem = await answer.json().catch(() => ({}));
    if (answer.status !== 429 && answer.status !== 503) throw new Error(problem.detail || answer.statusText);
    const seconds = Number(answer.headers.get("Retry-After")) || 2;
    note(say("busy", { seconds }));
    await pause(seconds);
  }
}

function add(files) {
  const skipped = [];
  for (const file of files) {
    if (!/^(image|video)\//.test(file.type) && !/\.(heic|heif|avif|jxl|mkv|avi|mts|ts|tiff?)$/i.test(file.name)) {
      skipped.push(file.name);
      continue;
    }
    const item = { file, name: file.name || "photo", url: URL.createObjectURL(file), models: [$("model").value], sets: [] };
    if ($("compare").value && $("compare").value !== item.models[0]) item.models.push($("compare").value);
    items.push(item);
    queue.push(item);
    total += 1;
    card(item);
  }
  if (skipped.length) $("skipped").textContent = say("skipped", { names: skipped.join(", ") });
  if (items.length) $("none")?.remove();
  next();
}

function next() {
  while (active < AT_ONCE && queue.length) {
    active += 1;
    work(queue.shift()).finally(() => { active -= 1; done += 1; counted(); next(); });
  }
}

function counted() {
  $("downloads").hidden = !items.some((one) => one.sets.some((set) => set.entries));
  if (total > 1) tell(say("progress", { done, total }));
  if (done === total) { done = total = 0; }
}

async function work(item) {
  for (const model of item.models) {
    const set = { model };
    item.sets.push(set);
    try {
      const entries = await ask(item.file, model, (text) => { item.waiting.textContent = text; });
      set.entries = entries.map(chosen);
      if (model === item.models[0]) remember(item, set.entries);
    } catch (error) {
      set.error = error.message;
    }
    if (item.gone) return;
    item.waiting.textContent = item.sets.length < item.models.length ? say("waiting") : "";
    render(item);
    tell(set.error || say("done", { name: item.name, text: set.entries.map((one) => one.text).join("; ") }));
  }
}

// An entry as the page keeps it: the text that is shown, whose it is, and what else there was.
function chosen(entry) {
  if (entry.predictions) {
    const listed = entry.predictions.map((one) => ({ text: `${one.label} ${(100 * one.probability).toFixed(1)} %` }));
    return { entry, captions: listed, pick: 0, text: listed[0]?.text ?? "", error: entry.error };
  }
  return { entry, captions: entry.captions, pick: 0, text: entry.captions[0]?.text ?? "", error: entry.error };
}

// ---- cards
function card(item) {
  const clip = item.file.type.startsWith("video/");
  item.image = clip
    ? el("video", { src: item.url, controls: true, muted: true, preload: "metadata", "aria-label": item.name })
    : el("img", { src: item.url, alt: say("picture_of", { name: item.name }) });
  item.image.addEventListener("error", () => { item.view.hidden = true; });
  item.canvas = el("canvas", { "aria-hidden": "true", hidden: true });
  item.view = el("div", { class: "view" }, item.image, item.canvas);
  item.waiting = el("p", { class: "soft" }, say("waiting"));
  item.body = el("div", { class: "pair" });
  item.node = el("article", { "aria-label": item.name }, el("h3", {}, item.name), item.view, item.waiting, item.body,
    el("p", { class: "row" }, button("remove", () => remove(item), { "aria-label": `${say("remove")}: ${item.name}` })));
  $("cards").append(item.node);
}

function remove(item) {
  item.gone = true;
  URL.revokeObjectURL(item.url);
  item.node.remove();
  items.splice(items.indexOf(item), 1);
  const waiting = queue.indexOf(item);
  if (waiting >= 0) { queue.splice(waiting, 1); total -= 1; }
  $("results").focus();
}

function render(item) {
  item.body.replaceChildren(...item.sets.map((set) => {
    if (set.error) return el("div", { class: "said" }, el("p", { class: "wrong" }, `${say("failed")}: ${set.error}`));
    return el("div", {}, ...set.entries.map((one) => said(item, one)));
  }));
}

const clock = (seconds) => new Date(1000 * seconds).toISOString().slice(11, 22);

function said(item, one) {
  const node = el("div", { class: "said" });
  const again = () => node.replaceWith(said(item, one));
  if (one.entry.start != null) node.append(el("h4", {}, `${clock(one.entry.start)} – ${clock(one.entry.end)}`));
  if (one.error) {
    node.append(el("p", { class: "wrong" }, one.error));
    return node;
  }
  const caption = one.captions[one.pick] ?? {};
  if (one.editing) {
    const box = el("textarea", { rows: 2, "aria-label": say("edit_label", { name: item.name }) });
    box.value = one.text;
    const save = () => {
      one.text = box.value.trim() || one.text;
      one.edited = one.text !== caption.text;
      one.editing = false;
      const fresh = said(item, one);
      node.replaceWith(fresh);
      fresh.querySelector("[data-edit]").focus();
    };
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); save(); }
      if (event.key === "Escape") { one.editing = false; again(); }
    });
    node.append(box, el("p", { class: "row" }, button("save", save)));
    queueMicrotask(() => box.focus());
    return node;
  }
  const sentence = el("p", { class: "sentence" });
  if (caption.sure === false && !one.edited) sentence.append(say("not_sure"));
  const look = one.edited ? null : caption.attention;
  if (look) sentence.append(...words(item, node, look));
  else sentence.append(one.text);
  node.append(sentence);
  const notes = [say("by", { model: one.entry.model })];
  if (caption.confidence != null) notes.push(say("confidence", { percent: Math.round(100 * caption.confidence) }));
  if (one.edited) notes.push(say("edited"));
  node.append(el("p", { class: "soft" }, notes.join(" · ")));
  const row = el("p", { class: "row" },
    button("edit", () => { one.editing = true; again(); }, { "data-edit": true }),
    button("copy", async () => { await copy(one.text); tell(say("copied")); }),
    "speechSynthesis" in window ? button("speak", () => speak(one.text)) : "",
    look ? button("explain", (event) => explain(item, node, look, event.target), { "aria-pressed": "false" }) : "");
  node.append(row);
  const others = one.captions.map((other, place) => [other, place]).filter(([, place]) => place !== one.pick);
  if (others.length) {
    node.append(el("details", {}, el("summary", {}, say("candidates")), el("ul", {}, ...others.map(([other, place]) =>
      el("li", {}, `${other.text} `, button("take", () => {
        Object.assign(one, { pick: place, text: other.text, edited: false });
        again();
      }, { "aria-label": `${say("take")}: ${other.text}` }))))));
  }
  return node;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // where the page is not served securely
    const box = el("textarea", {});
    box.value = text;
    document.body.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
  }
}

function speak(text) {
  speechSynthesis.cancel();
  const spoken = new SpeechSynthesisUtterance(text);
  spoken.lang = "en";
  speechSynthesis.speak(spoken);
}

// ---- where the model looked
function words(item, node, look) {
  const spans = look.words.map((one, place) => {
    const show = () => light(item, node, look, place);
    const hide = () => dark(item, node);
    return el("span", {
      class: "word", tabindex: place ? -1 : 0, title: say("look_hint"), onpointerenter: show, onpointerleave: hide,
      onfocus: show, onblur: hide,
      onkeydown: (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        const to = step && spans[place + step];
        if (!to) return;
        event.preventDefault();
        event.target.tabIndex = -1;
        to.tabIndex = 0;
        to.focus();
      },
    }, one.word);
  });
  return spans.flatMap((span, place) => (place ? [" ", span] : [span]));
}

function light(item, node, look, place) {
  const weights = look.words[place].weights;
  node.querySelectorAll(".word").forEach((one, at) => one.classList.toggle("lit", at === place));
  const most = Math.max(...weights, 1e-9);
  if (look.rows === 1) {
    let strip = node.querySelector(".strip");
    if (!strip) {
      strip = el("div", { class: "strip", role: "img", "aria-label": say("frames") });
      node.querySelector(".sentence").after(strip);
    }
    strip.replaceChildren(...weights.map((weight) => {
      const bar = el("i");
      bar.style.height = `${Math.max(2, (100 * weight) / most)}%`;
      return bar;
    }));
    return;
  }
  const { image, canvas } = item;
  const small = el("canvas", { width: look.columns, height: look.rows });
  const context = small.getContext("2d");
  const pixels = context.createImageData(look.columns, look.rows);
  weights.forEach((weight, at) => pixels.data.set([255, 170, 30, Math.round(215 * (weight / most))], 4 * at));
  context.putImageData(pixels, 0, 0);
  canvas.hidden = false;
  canvas.width = image.clientWidth;
  canvas.height = image.clientHeight;
  canvas.style.left = `${image.offsetLeft}px`;
  canvas.style.top = `${image.offsetTop}px`;
  const [left, top, width, height] = look.box;
  const over = canvas.getContext("2d");
  over.fillStyle = "rgba(0, 0, 0, .45)";
  over.fillRect(0, 0, canvas.width, canvas.height);
  over.imageSmoothingEnabled = true;
  over.drawImage(small, left * canvas.width, top * canvas.height, width * canvas.width, height * canvas.height);
}

function dark(item, node) {
  if (node.dataset.explaining) return;
  item.canvas.hidden = true;
  node.querySelector(".strip")?.remove();
  node.querySelectorAll(".word").forEach((one) => one.classList.remove("lit"));
}

// The caption grows word by word, each with where the model looked; by itself only where motion is welcome.
function explain(item, node, look, opener) {
  if (node.dataset.explaining) { node.querySelector("[data-steps]").end(); return; }
  node.dataset.explaining = "yes";
  opener.setAttribute("aria-pressed", "true");
  const spans = [...node.querySelectorAll(".word")];
  let place = 0;
  const show = (to) => {
    place = Math.max(0, Math.min(spans.length - 1, to));
    spans.forEach((one, at) => one.classList.toggle("later", at > place));
    light(item, node, look, place);
    const word = look.words[place];
    tell(`${place + 1}/${spans.length}: ${word.word}`);
  };
  const timer = still.matches ? 0 : setInterval(() => (place + 1 < spans.length ? show(place + 1) : clearInterval(timer)), 900);
  const step = (by) => { clearInterval(timer); show(place + by); };
  const steps = el("p", { class: "row", "data-steps": true }, button("previous", () => step(-1)), button("next", () => step(1)),
    button("explain_end", () => steps.end()));
  steps.end = () => {
    clearInterval(timer);
    delete node.dataset.explaining;
    opener.setAttribute("aria-pressed", "false");
    spans.forEach((one) => one.classList.remove("later"));
    dark(item, node);
    steps.remove();
    opener.focus();
  };
  node.querySelector(".row").after(steps);
  show(0);
}

// ---- downloads
const rows = () => items.flatMap((item) => item.sets.flatMap((set) =>
  (set.entries ?? [{ entry: { start: null, end: null, model: set.model }, text: "", error: set.error }]).map((one) => ({
    path: item.name, start: one.entry.start ?? null, end: one.entry.end ?? null, caption: one.text,
    edited: Boolean(one.edited), model: one.entry.model, error: one.error ?? null,
  }))));

const field = (value) => {
  let text = value == null ? "" : String(value);
  if (/^[=+\-@\t\r]/.test(text)) text = `'${text}`; // else spreadsheets would take it for a formula
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
const escaped = (text) => text.replace(/[&<>"]/g, (one) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[one]);
const forms = {
  csv: () => ["text/csv", [Object.keys(rows()[0]), ...rows().map(Object.values)].map((row) => row.map(field).join(",")).join("\r\n") + "\r\n"],
  json: () => ["application/json", JSON.stringify(rows(), null, 1) + "\n"],
  html: () => ["text/html", rows().filter((one) => one.caption).map((one) =>
    `<figure><img src="${escaped(encodeURI(one.path))}" alt="${escaped(one.caption)}"></figure>`).join("\n") + "\n"],
};

function download(form) {
  if (!rows().length) return;
  const [type, text] = forms[form]();
  const url = URL.createObjectURL(new Blob([text], { type }));
  el("a", { href: url, download: `captions.${form}` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

// ---- history, in this browser only
function stored() {
  try {
    return JSON.parse(localStorage.getItem(STORE)) ?? [];
  } catch {
    return [];
  }
}

function keep(list) {
  try {
    localStorage.setItem(STORE, JSON.stringify(list.slice(0, LONGEST)));
  } catch { /* storage may be off; the page works without */ }
  past();
}

function remember(item, entries) {
  const day = new Date().toISOString().slice(0, 16).replace("T", " ");
  keep([...entries.map((one) => ({ name: item.name, text: one.error ?? one.text, model: one.entry.model, day })), ...stored()]);
}

function past() {
  const list = stored();
  $("clear").disabled = !list.length;
  $("history").replaceChildren(...(list.length ? list : [null]).map((one) => (one
    ? el("li", {}, `${one.name}: ${one.text} `, el("span", { class: "soft" }, `${one.day}, ${say("by", { model: one.model })}`))
    : el("li", {}, say("history_empty")))));
}

// ---- camera
let stream = null;
async function openCamera() {
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch (error) {
    tell(say("camera_failed") + error.message);
    return;
  }
  $("live").srcObject = stream;
  $("shot").showModal();
  await $("live").play();
}
function closeCamera() {
  stream?.getTracks().forEach((one) => one.stop());
  $("live").srcObject = stream = null;
}
function snap() {
  const live = $("live");
  const canvas = el("canvas", { width: live.videoWidth, height: live.videoHeight });
  canvas.getContext("2d").drawImage(live, 0, 0);
  canvas.toBlob((blob) => {
    add([new File([blob], `camera-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.jpg`, { type: "image/jpeg" })]);
  }, "image/jpeg", 0.92);
  $("shot").close();
}

// ---- wiring
document.querySelectorAll(".js").forEach((one) => { if (one.id !== "downloads") one.hidden = false; });
$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  add($("file").files);
  $("file").value = "";
});
$("file").addEventListener("change", () => { add($("file").files); $("file").value = ""; });
$("folder").addEventListener("change", () => { add($("folder").files); $("folder").value = ""; });
$("camera").addEventListener("click", openCamera);
$("camera").hidden = !navigator.mediaDevices?.getUserMedia;
$("snap").addEventListener("click", snap);
$("unshot").addEventListener("click", () => $("shot").close());
$("shot").addEventListener("close", closeCamera);
$("clear").addEventListener("click", () => { keep([]); tell(say("cleared")); });
for (const one of document.querySelectorAll("[data-download]")) one.addEventListener("click", () => download(one.dataset.download));
addEventListener("paste", (event) => { if (event.clipboardData.files.length) add(event.clipboardData.files); });
addEventListener("dragover", (event) => { event.preventDefault(); $("drop").classList.add("over"); });
addEventListener("dragleave", (event) => { if (!event.relatedTarget) $("drop").classList.remove("over"); });
addEventListener("drop", async (event) => {
  event.preventDefault();
  $("drop").classList.remove("over");
  const entries = [...event.dataTransfer.items].map((one) => one.webkitGetAsEntry?.()).filter(Boolean);
  if (entries.some((one) => one.isDirectory)) add(await dropped(entries));
  else add(event.dataTransfer.files);
});

async function dropped(entries) {
  const found = [];
  for (const entry of entries) {
    if (entry.isFile) found.push(await new Promise((give, fail) => entry.file(give, fail)));
    else {
      const reader = entry.createReader();
      for (;;) {
        const part = await new Promise((give, fail) => reader.readEntries(give, fail));
        if (!part.length) break;
        found.push(...await dropped(part));
      }
    }
  }
  return found;
}

past();
document.documentElement.dataset.ready = "yes";
