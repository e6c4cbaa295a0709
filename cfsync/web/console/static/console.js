// Own code, all of it. Without it every page works: it asks before what can't be undone, keeps what
// is marked as live fresh while somebody looks, and puts the cursor into the search at "/".
"use strict";

document.addEventListener("submit", (event) => {
  const { ask, askFor } = event.target.dataset;
  const choice = event.submitter && event.submitter.value;
  if (ask && (!askFor || askFor === choice) && !window.confirm(ask)) event.preventDefault();
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
