// Renews the numbers of flow, links what belongs together on the playground, and tries what is typed there at once. Every page
// works without it.
"use strict";

const flow = document.getElementById("flow");
if (flow) {
  const live = document.getElementById("live");
  const button = document.createElement("button");
  button.className = "plain";
  live.after(button);
  let source = null;
  const start = () => {
    button.textContent = "Pause";
    source = new EventSource(flow.dataset.stream);
    source.onopen = () => (live.textContent = "Live ");
    source.onmessage = (event) => (flow.innerHTML = event.data);
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) stop("Not live: too many are looking, or Kiln has stopped ");
    };
  };
  const stop = (why) => {
    source.close();
    source = null;
    live.textContent = why;
    button.textContent = "Go on";
  };
  button.addEventListener("click", () => (source ? stop("Paused ") : start()));
  start();
}

const trial = document.getElementById("trial");
if (trial) {
  const result = document.getElementById("result");
  const state = document.getElementById("state");
  const message = document.getElementById("message");

  // One place is in the other when the shorter is the start of the longer.
  const meet = (one, other) => {
    const [a, b] = [one.split("."), other.split(".")];
    return a.slice(0, b.length).every((number, at) => number === b[at]);
  };

  const partners = (element) => {
    const all = (selector) => [...result.querySelectorAll(selector)];
    if (element.dataset.at) {
      const from = (line) => line.dataset.from.split(" ").filter(Boolean);
      return all("[data-from]").filter((line) => from(line).some((place) => meet(place, element.dataset.at)));
    }
    const places = (element.dataset.to ?? element.dataset.from).split(" ").filter(Boolean);
    return all("[data-at]").filter((value) => places.some((place) => meet(place, value.dataset.at)));
  };

  // Brings what is lit in the other pane into its view, and moves nothing else.
  const bring = (element, from) => {
    const pane = element?.closest(".pane");
    if (!pane || pane.contains(from)) return;
    const [frame, box] = [pane.getBoundingClientRect(), element.getBoundingClientRect()];
    if (box.top < frame.top || box.bottom > frame.bottom) {
      pane.scrollTop += box.top - frame.top - frame.height / 3;
    }
  };

  const point = (event) => {
    const element = event.target.closest("[data-at], [data-to], [data-from]");
    result.querySelectorAll(".lit").forEach((lit) => lit.classList.remove("lit"));
    if (!element) return;
    const lit = [element, ...partners(element)];
    lit.forEach((one) => one.classList.add("lit"));
    bring(lit[1], element);
    const say = (one) => one.querySelector(".from")?.title ?? one.title;
    const pointed = document.getElementById("pointed");
    pointed.textContent = lit.map(say).filter(Boolean).slice(0, 3).join("  ⟷  ") || "\u00a0";
  };
  result.addEventListener("pointerover", point);
  result.addEventListener("focusin", point);

  let asking = null;
  let later = 0;
  const convert = async () => {
    asking?.abort();
    asking = new AbortController();
    state.textContent = "Converting…";
    try {
      const answer = await fetch(trial.action, {
        method: "POST",
        body: new URLSearchParams(new FormData(trial)),
        signal: asking.signal,
      });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const made = page.getElementById("result") ?? page.querySelector("main");
      result.replaceChildren(...made.childNodes);
      state.textContent = answer.ok ? "Converted" : "Not converted";
    } catch (error) {
      if (error.name !== "AbortError") state.textContent = "Kiln does not answer";
    }
  };
  trial.addEventListener("input", () => {
    clearTimeout(later);
    later = setTimeout(convert, 300);
  });
  trial.addEventListener("submit", (event) => {
    event.preventDefault();
    convert();
  });

  // A file is UTF-8, or else taken for Windows-1252, which has ISO 8859-1 in it.
  const text = (bytes) => {
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      return new TextDecoder("windows-1252").decode(bytes);
    }
  };
  message.addEventListener("dragover", (event) => event.preventDefault());
  message.addEventListener("drop", async (event) => {
    const [file] = event.dataTransfer.files;
    if (!file) return;
    event.preventDefault();
    message.value = text(await file.arrayBuffer()).replace(/\r\n?/g, "\n");
    convert();
  });
}
