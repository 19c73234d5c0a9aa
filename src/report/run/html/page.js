// Search, filter, opening and closing. The page is whole without it.
(() => {
  "use strict";
  const form = document.getElementById("find");
  const { text, outcome, browser, open } = form.elements;
  const said = form.querySelector("output");
  const nothing = document.getElementById("nothing");
  const scenarios = [...document.querySelectorAll(".scenario")];
  const words = new Map(scenarios.map((scenario) => [scenario, scenario.textContent.toLowerCase()]));

  const filter = () => {
    const wanted = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const scenario of scenarios) {
      let any = false;
      for (const run of scenario.querySelectorAll(".run")) {
        const fits = (!outcome.value || run.dataset.outcome === outcome.value)
          && (!browser.value || run.dataset.browser === browser.value);
        run.hidden = !fits;
        any = any || fits;
      }
      scenario.hidden = !any || !wanted.every((word) => words.get(scenario).includes(word));
      shown += scenario.hidden ? 0 : 1;
    }
    said.textContent = `${shown} of ${scenarios.length} shown`;
    nothing.hidden = shown > 0;
  };

  const runs = () => document.querySelectorAll("details.run");
  const openAll = (all) => {
    for (const run of runs()) run.open = all;
    open.textContent = all ? "Close all" : "Open all";
  };

  // A link into a closed run opens it.
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let outer = target; outer; outer = outer.parentElement) if (outer.tagName === "DETAILS") outer.open = true;
    target.scrollIntoView();
  };

  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  open.addEventListener("click", () => openAll(open.textContent === "Open all"));
  addEventListener("hashchange", reveal);
  addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    text.focus();
  });
  // On paper nothing can be opened.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const one of closed) one.open = true;
  });
  addEventListener("afterprint", () => { for (const one of closed) one.open = false; });
  reveal();
})();
