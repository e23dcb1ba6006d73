// Draws what a page says in words beside it. Data stands in the page as JSON; colours are those of the style sheet.
(() => {
  const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const plain = (colour, alpha = 1) => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = colour;
    paint.fillRect(0, 0, 1, 1);
    const [r, g, b] = paint.getImageData(0, 0, 1, 1).data;
    return `rgba(${r},${g},${b},${alpha})`;
  };
  const colours = (place) => {
    const probe = document.createElement("span");
    place.append(probe);
    const of = (name) => { probe.className = name; return getComputedStyle(probe).color; };
    const found = { ink: of("muted"), main: of("chart-main"), strange: of("text-bad"), line: of("chart-line") };
    probe.remove();
    return found;
  };
  const amount = (value, unit) => (value === null || value === undefined || value === "-" ? "–" : `${value} ${unit}`);

  const frame = (data, c, unit) => ({
    animation: false,
    textStyle: { fontFamily: "inherit" },
    grid: { left: 8, right: 12, top: 16, bottom: 4, containLabel: true },
    // On the canvas: a box of HTML would need styles that the page's policy forbids.
    tooltip: { trigger: "axis", renderMode: "richText", valueFormatter: (value) => amount(value, unit) },
    xAxis: {
      type: "category",
      data: data.days,
      axisLabel: { color: plain(c.ink), hideOverlap: true, formatter: (day) => (day.length > 7 ? day.slice(5) : day) },
      axisLine: { lineStyle: { color: plain(c.line) } },
      axisTick: { show: false },
    },
    yAxis: {
      type: "value",
      axisLabel: { color: plain(c.ink), formatter: (value) => `${value} ${unit}` },
      splitLine: { lineStyle: { color: plain(c.line) } },
      splitNumber: 3,
    },
  });
  const bars = (data, c) => [{
    name: data.name || "Used",
    type: "bar",
    barMaxWidth: 28,
    data: data.used.map((value, at) => ({
      value,
      itemStyle: { color: plain((data.strange || []).includes(data.days[at]) ? c.strange : c.main) },
    })),
  }];
  const month = (data, c) => {
    const line = (name, values, style) => ({ name, type: "line", data: values, showSymbol: false, ...style });
    const found = [line("Used", data.used, { lineStyle: { width: 2, color: plain(c.main) }, itemStyle: { color: plain(c.main) } })];
    if (!data.expected) return found;
    const width = data.high.map((value, at) => (value === null ? null : Math.round((value - data.low[at]) * 1000) / 1000));
    const none = { lineStyle: { opacity: 0 }, stack: "band", silent: true, tooltip: { show: false } };
    return [
      line("At least", data.low, { ...none, itemStyle: { color: plain(c.main, 0.3) } }),
      line("Band", width, { ...none, areaStyle: { color: plain(c.main, 0.18) }, itemStyle: { color: plain(c.main, 0.3) } }),
      line("Likely", data.expected, { lineStyle: { type: "dashed", width: 2, color: plain(c.main) }, itemStyle: { color: plain(c.main) } }),
      ...found,
    ];
  };

  const draw = (place) => {
    const data = JSON.parse(document.getElementById(place.dataset.chart).textContent);
    const c = colours(place);
    const chart = echarts.getInstanceByDom(place) || echarts.init(place);
    const series = place.dataset.kind === "month" ? month(data, c) : bars(data, c);
    chart.setOption({ ...frame(data, c, data.unit || "GB"), series }, true);
  };
  const places = [...document.querySelectorAll("[data-chart]")];
  const all = () => places.forEach(draw);
  all();
  new MutationObserver(all).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
  const sized = new ResizeObserver((seen) => seen.forEach((one) => echarts.getInstanceByDom(one.target)?.resize()));
  places.forEach((place) => sized.observe(place));
})();
