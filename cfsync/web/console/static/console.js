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

async function refresh() {
  const live = document.querySelector("#live");
  if (!live || document.hidden || live.matches(":hover") && live.querySelector(":active")) return;
  try {
    const answer = await fetch(location.href, { redirect: "error" });
    if (!answer.ok) throw new Error(answer.statusText);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of ["live", "badge"]) {
      const [old, now] = [document.getElementById(id), fresh.getElementById(id)];
      if (old && now && !old.isEqualNode(now)) old.replaceWith(now);
    }
    document.body.classList.remove("lost");
  } catch {
    document.body.classList.add("lost");
  }
}
if (document.querySelector("#live")) setInterval(refresh, 5000);

// Times by the viewer's clock; the exact one stays as the tooltip.
function localTimes() {
  for (const time of document.querySelectorAll("time.clock:not([data-local])")) {
    const at = new Date(time.dateTime);
    if (isNaN(at)) continue;
    time.dataset.local = "1";
    time.textContent = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
  }
}
localTimes();
new MutationObserver(localTimes).observe(document.body, { childList: true, subtree: true });
