"use strict";
// Draws each person's timeline with uPlot: stacked areas, zoom shared by all charts.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const sync = uPlot.sync("time");
  const clock = (s) => (s < 0 ? "" : (s >= 3600 ? Math.floor(s / 3600) + ":" : "") + String(Math.floor(s / 60) % 60).padStart(2, "0") + ":" + String(Math.floor(s % 60)).padStart(2, "0"));
  const charts = [];
  let zooming = false;
  data.charts.forEach((chart, number) => {
    const stacked = [], n = chart.labels.length;
    let below = chart.t.map(() => 0);
    for (let i = 0; i < n; i++) {
      below = below.map((sum, k) => (chart.probs[i][k] === null || sum === null ? null : sum + chart.probs[i][k]));
      stacked.push(below);
    }
    const box = document.getElementById("chart" + number);
    const series = [{ label: "time", value: (u, v) => (v === null ? "" : clock(v)) }];
    for (let i = n - 1; i >= 0; i--) {
      series.push({ label: chart.labels[i], stroke: chart.colors[i], fill: chart.colors[i], width: 0, points: { show: false },
        value: (u, v, s, k) => (k === null || chart.probs[i][k] === null ? "" : Math.round(chart.probs[i][k] * 100) + "%") });
    }
    const plot = new uPlot({
      width: box.clientWidth || 900, height: 190, series,
      cursor: { sync: { key: "time" }, drag: { x: true, y: false } },
      scales: { x: { time: false }, y: { range: [0, 1] } },
      axes: [{ values: (u, ticks) => ticks.map(clock) }, { values: (u, ticks) => ticks.map((v) => Math.round(v * 100) + "%"), size: 52 }],
      hooks: { setScale: [(u, key) => {
        if (key !== "x" || zooming) return;
        zooming = true;
        for (const other of charts) if (other !== u) other.setScale("x", { min: u.scales.x.min, max: u.scales.x.max });
        zooming = false;
      }] },
    }, [chart.t, ...stacked.reverse()], box);
    charts.push(plot);
    sync.sub(plot);
  });
  const resize = () => charts.forEach((plot) => plot.setSize({ width: plot.root.parentElement.clientWidth, height: 190 }));
  addEventListener("resize", resize);
  addEventListener("beforeprint", resize);
})();
