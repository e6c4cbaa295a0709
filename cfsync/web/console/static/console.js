// Own code, all of it. Without it every page works: it lets a click count once, keeps what
// is marked as live fresh while somebody looks, and puts the cursor into the search at "/".
"use strict";

// A second click on a button sends nothing.
document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "1";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

document.addEventListener("keydown", (event) => {
  const busy = event.target.closest("input, textarea, select");
  if (event.key === "/" && !busy) {
    event.preventDefault();
    document.querySelector("#search input").focus();
  }
});

// Make an element as the fresh one is, and touch only what differs: what somebody points at, has
// opened or has the focus on stays.
function kind(node) {
  return `${node.nodeName} ${node.id || (node.getAttribute && node.getAttribute("class")) || ""}`;
}

function renew(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.replaceWith(fresh);
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (name !== "open" && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  let next = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    let same = next;
    while (same && kind(same) !== kind(child)) same = same.nextSibling;
    if (!same) {
      old.insertBefore(child, next);
      continue;
    }
    next = removeUpTo(next, same).nextSibling;
    renew(same, child);
  }
  removeUpTo(next, null);
}

function removeUpTo(first, end) {
  for (let one = first, next; one !== end; one = next) {
    next = one.nextSibling;
    one.remove();
  }
  return end;
}

let asking = false;
async function refresh() {
  if (document.hidden || asking) return;
  asking = true;
  try {
    const answer = await fetch(location.href, { redirect: "error" });
    if (!answer.ok) throw new Error(answer.statusText);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    localTimes(fresh);
    for (const id of ["live", "badge"]) {
      const [old, now] = [document.getElementById(id), fresh.getElementById(id)];
      if (old && now) renew(old, now);
    }
    document.body.classList.remove("lost");
  } catch {
    document.body.classList.add("lost");
  }
  asking = false;
}
if (document.querySelector("#live")) {
  setInterval(refresh, 5000);
  document.addEventListener("visibilitychange", refresh);
}

// Times by the viewer's clock; the exact one stays as the tooltip.
const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
function localTimes(root) {
  for (const text of root.querySelectorAll("text[data-clock]")) {
    text.textContent = new Date(text.dataset.clock).toLocaleTimeString(undefined, CLOCK);
    delete text.dataset.clock;
  }
  for (const title of root.querySelectorAll("title[data-moment]")) {
    const at = new Date(title.dataset.moment).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
    title.textContent = `${at}: ${title.dataset.tip}`;
    delete title.dataset.moment;
  }
  for (const time of root.querySelectorAll("time.clock:not([data-local])")) {
    const at = new Date(time.dateTime);
    if (isNaN(at)) continue;
    time.dataset.local = "1";
    time.textContent = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
  }
}
localTimes(document);

// Forms that take a time take the viewer's, and send it as UTC.
for (const field of document.querySelectorAll("input[data-utc]")) {
  const at = field.dataset.utc && new Date(field.dataset.utc);
  if (at) field.value = new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
  field.form.querySelector(".zone").textContent = "";
  field.form.addEventListener("formdata", (event) => {
    event.formData.set(field.name, new Date(field.value).toISOString());
  });
}
