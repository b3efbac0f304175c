"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  // Okabe and Ito 2008, as in the pictures; black and the dark blue are lighter on a dark page.
  const light = ["#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
  const onDark = ["#f0f2f5", "#4aa8e8", "#ff8a3d", "#1fc79a", "#e59cc6", "#f0b429", "#8accf2"];
  const dashes = [[], [9, 4], [3, 3], [12, 3, 3, 3], [6, 6]];
  let printing = false;
  const isDark = () => dark.matches && !printing;
  const colour = (position) => (isDark() ? onDark : light)[position % light.length];
  const dash = (position) => dashes[Math.floor(position / light.length) % dashes.length];

  const element = byId("data");
  const data = element ? JSON.parse(element.textContent) : null;
  if (data) chart(data);
  cases();
  print();

  function chart(data) {
    const holder = byId("chart"), readout = byId("readout"), toggles = byId("toggles");
    const shown = data.curves.map(() => true);
    const columns = [data.x];
    for (const curve of data.curves) columns.push(curve.high, curve.low, curve.mean);
    const name = (curve) => curve.policies.join(" = ");
    const percent = (share) => {
      if (share === null || share === undefined) return "no call";
      const text = (100 * share).toFixed(2).replace(/\.?0+$/, "");
      return text + " %";
    };
    const clock = (seconds) => {
      const sign = seconds < 0 ? "−" : "", all = Math.abs(seconds);
      if (all < 120) return sign + (Math.round(all * 10) / 10) + " s";
      return sign + Math.floor(all / 60) + " min " + Math.round(all % 60) + " s";
    };
    let plot = null;

    const marks = (u) => {
      const { ctx, bbox } = u;
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
      ctx.clip();
      for (const mark of data.marks) {
        const from = u.valToPos(mark.from, "x", true), to = u.valToPos(mark.to, "x", true);
        ctx.fillStyle = isDark() ? "rgba(200,210,225,.16)" : "rgba(90,100,115,.14)";
        ctx.fillRect(from, bbox.top, Math.max(to - from, 1), bbox.height);
      }
      ctx.restore();
    };
    const read = (u) => {
      const index = u.cursor.idx;
      if (index === null || index === undefined) return;
      const parts = [];
      data.curves.forEach((curve, position) => {
        if (!shown[position]) return;
        const low = curve.low[index], high = curve.high[index];
        const band = low === null || low === high ? "" : ` (${percent(low)} to ${percent(high)})`;
        parts.push([name(curve), ` ${percent(curve.mean[index])}${band}`]);
      });
      readout.replaceChildren(`${clock(data.x[index])}: `);
      parts.forEach(([who, what], position) => {
        const strong = document.createElement("b");
        strong.textContent = who;
        readout.append(position ? "; " : "", strong, what);
      });
    };
    const draw = () => {
      const style = getComputedStyle(document.documentElement);
      const ink = style.getPropertyValue("--grey").trim(), line = style.getPropertyValue("--line").trim();
      const series = [{}], bands = [];
      data.curves.forEach((curve, position) => {
        const stroke = colour(curve.colour), hidden = { show: shown[position], stroke: "transparent", width: 0, points: { show: false } };
        bands.push({ series: [3 * position + 1, 3 * position + 2], fill: stroke + "2e" });
        series.push({ ...hidden }, { ...hidden }, {
          show: shown[position], stroke, width: 2, dash: dash(curve.colour), points: { show: false },
        });
      });
      const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
      const kept = plot && plot.cursor.idx;
      if (plot) plot.destroy();
      plot = new uPlot({
        width: Math.max(holder.clientWidth, 280),
        height: 330,
        legend: { show: false },
        scales: { x: { time: false }, y: { range: [-0.02, 1.04] } },
        series, bands,
        axes: [
          { ...axis, size: 34, label: data.axis, labelGap: 0, labelSize: 24, labelFont: "13px system-ui, sans-serif" },
          { ...axis, size: 56, values: (_, ticks) => ticks.map((tick) => Math.round(tick * 100) + " %") },
        ],
        cursor: { y: false, drag: { x: true, y: false }, points: { show: false } },
        hooks: { setCursor: [read], drawClear: [marks] },
      }, columns, holder);
      if (Number.isInteger(kept)) plot.setCursor({ left: plot.valToPos(data.x[kept], "x"), top: 10 });
    };

    data.curves.forEach((curve, position) => {
      const label = document.createElement("label"), box = document.createElement("input"), swatch = document.createElement("span");
      box.type = "checkbox";
      box.checked = true;
      box.addEventListener("change", () => {
        shown[position] = box.checked;
        for (const series of [1, 2, 3]) plot.setSeries(3 * position + series, { show: box.checked });
        read(plot);
      });
      swatch.className = "swatch";
      label.append(box, swatch, name(curve));
      toggles.append(label);
    });
    const swatches = () => {
      toggles.querySelectorAll(".swatch").forEach((swatch, position) => {
        const at = data.curves[position].colour;
        swatch.style.borderTopColor = colour(at);
        swatch.style.borderTopStyle = dash(at).length ? "dashed" : "solid";
      });
    };
    toggles.hidden = readout.hidden = false;
    const redraw = () => { swatches(); draw(); };
    redraw();
    holder.tabIndex = 0;
    holder.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -25, PageDown: 25, Home: -Infinity, End: Infinity }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const now = Number.isInteger(plot.cursor.idx) ? plot.cursor.idx : 0;
      const next = Math.min(Math.max(now + step, 0), data.x.length - 1);
      plot.setCursor({ left: plot.valToPos(data.x[next], "x"), top: 10 });
      readout.setAttribute("aria-live", "polite");
    });
    let width = holder.clientWidth;
    new ResizeObserver(() => {
      if (holder.clientWidth === width) return;
      width = holder.clientWidth;
      plot.setSize({ width: Math.max(width, 280), height: 330 });
    }).observe(holder);
    dark.addEventListener("change", redraw);
    window.addEventListener("beforeprint", () => { printing = true; redraw(); });
    window.addEventListener("afterprint", () => { printing = false; redraw(); });
    table(data, name, percent);
    window.stalegate = { plot: () => plot, shown };
  }

  // The data of the curves, made when it is first looked at: it is long.
  function table(data, name, percent) {
    const details = byId("curves");
    details.hidden = false;
    details.addEventListener("toggle", () => {
      const place = details.querySelector("div");
      if (!details.open || place.firstChild) return;
      const table = document.createElement("table");
      const words = document.createElement("span");
      words.textContent = "Share of calls that succeed: over all replications, and the replication at 5 % and at 95 % of them";
      table.createCaption().append(words);
      const head = table.createTHead().insertRow();
      const title = (text, number) => {
        const cell = document.createElement("th");
        cell.scope = "col";
        cell.textContent = text;
        if (number) cell.className = "number";
        head.append(cell);
      };
      title(data.axis, true);
      for (const curve of data.curves) for (const of of ["", ", 5 %", ", 95 %"]) title(name(curve) + of, true);
      const body = table.createTBody();
      data.x.forEach((x, index) => {
        const row = body.insertRow(), first = document.createElement("th");
        first.scope = "row";
        first.className = "number";
        first.textContent = x;
        row.append(first);
        for (const curve of data.curves) for (const values of [curve.mean, curve.low, curve.high]) {
          const cell = row.insertCell();
          cell.className = "number";
          cell.textContent = percent(values[index]);
        }
      });
      place.append(table);
    });
  }

  // One worst case at a time.
  function cases() {
    const pick = byId("pick"), all = document.querySelectorAll(".case");
    if (!pick) return;
    const select = byId("case");
    const show = () => all.forEach((one) => { one.hidden = one.dataset.case !== select.value; });
    pick.hidden = false;
    select.addEventListener("change", show);
    // A link to one that is hidden shows it first.
    document.querySelectorAll('a[href^="#case-"]').forEach((link) => link.addEventListener("click", () => {
      select.value = String(Number(link.hash.slice("#case-".length)) - 1);
      show();
    }));
    show();
    window.addEventListener("beforeprint", () => all.forEach((one) => { one.hidden = false; }));
    window.addEventListener("afterprint", show);
  }

  // On paper nothing can be opened.
  function print() {
    let opened = [];
    window.addEventListener("beforeprint", () => {
      opened = [...document.querySelectorAll("details:not([open]):not([data-long])")];
      opened.forEach((details) => { details.open = true; });
    });
    window.addEventListener("afterprint", () => opened.forEach((details) => { details.open = false; }));
  }
})();
