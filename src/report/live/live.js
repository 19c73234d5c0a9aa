// Puts each piece where it belongs as it comes. The pieces are drawn where the world is; nothing is decided here.
(() => {
  "use strict";
  const part = (id) => document.getElementById(id);
  const [main, flow, said, follow] = [document.querySelector("main"), part("flow"), part("said"), part("follow")];
  const MOST = 256;

  const pieces = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content;
  };

  // What is open stays open, and what has the focus keeps it.
  const replace = (where, html) => {
    const key = (one) => one.closest("[data-view]")?.dataset.view + " " + (one.dataset.key ?? "jar");
    const all = () => [...where.querySelectorAll("details")];
    const states = new Map(all().map((one) => [key(one), one.open]));
    const focused = all().find((one) => one.querySelector("summary") === document.activeElement);
    const kept = focused && key(focused);
    where.replaceChildren(pieces(html));
    for (const one of all()) {
      if (states.has(key(one)) && one.dataset.key) one.open = states.get(key(one));
      if (key(one) === kept) one.querySelector("summary").focus({ preventScroll: true });
    }
  };

  const source = new EventSource("events");
  const on = (kind, take) => source.addEventListener(kind, (event) => take(JSON.parse(event.data)));
  on("exchange", ({ number, said: sentence, html }) => {
    if (part(`x${number}`)) return;
    if (number > 1 && !flow.firstChild) part("gone").hidden = false;
    flow.append(pieces(html));
    while (flow.children.length > MOST) {
      flow.firstChild.remove();
      part("gone").hidden = false;
    }
    said.classList.remove("lost");
    said.textContent = sentence;
    const reading = flow.contains(document.activeElement) || main.querySelector(".answer:not([hidden])");
    if (follow.checked && !reading) flow.lastElementChild.scrollIntoView({ block: "nearest" });
  });
  on("lives", ({ html }) => replace(part("lives"), html));
  on("jars", ({ html }) => replace(part("held"), html));
  source.addEventListener("error", () => {
    said.classList.add("lost");
    said.textContent = "The world is gone, or does not answer. This page goes on when it does.";
  });
  source.addEventListener("open", () => {
    if (said.classList.contains("lost")) said.textContent = "Connected again.";
    said.classList.remove("lost");
  });

  part("views")?.addEventListener("change", (event) => { main.dataset.shown = event.target.value; });

  // Why, with a click: asked once, and shown or hidden from then on.
  flow.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-why]");
    if (!button) return;
    const answer = button.nextElementSibling;
    const open = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(open));
    answer.hidden = !open;
    if (!open || answer.dataset.asked) return;
    answer.dataset.asked = "yes";
    answer.setAttribute("role", "region");
    answer.setAttribute("aria-label", `Why, about request ${button.dataset.why}`);
    answer.tabIndex = -1;
    answer.textContent = "Being worked out …";
    try {
      const response = await fetch(`why?n=${button.dataset.why}`);
      const text = await response.text();
      if (!response.ok) throw new Error(text);
      answer.replaceChildren(pieces(text));
    } catch (error) {
      answer.textContent = `There is no answer: ${error.message}`;
      delete answer.dataset.asked;
    }
    answer.focus({ preventScroll: true });
  });
})();
