// Measures the pages for `./dev bench pages`: nothing here fails for being slow. Writes what it found
// as JSON, name to text, to TURNWISE_REPORT.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { open, URL_ } from "./browser.mjs";

const told = (name) => process.env[`TURNWISE_${name}`];
const P = "/p/default";
const TIME = `from=${told("FROM")}&to=${told("TO")}`;
const TRACE = `${P}/traces/${told("BIG_TRACE")}`;
const HOUR = `${P}/sessions/${told("HOUR")}`;
const LOADS = 5;
const PAGES = {
  dashboard: { path: `${P}?${TIME}`, ready: ".chart canvas" },
  sessions: { path: `${P}/sessions`, ready: "[role=gridcell]" },
  "root causes": { path: `${P}/causes?${TIME}`, ready: ".cause" },
  errors: { path: `${P}/errors?${TIME}`, ready: ".fault-kind" },
  agents: { path: `${P}/agents?${TIME}`, ready: "main table" },
  "settings, keys": { path: `${P}/settings/keys`, ready: "#settings-part" },
  "a conversation of an hour": { path: HOUR, ready: ".turn" },
  "a trace of 10,000 rows": { path: TRACE, ready: "[role=treegrid] [role=row]" },
  "the same, one chosen": {
    path: `${TRACE}?obs=${told("BIG_TURN")}`,
    ready: "[role=tabpanel]",
  },
};

const found = {};
after(() => writeFileSync(told("REPORT"), JSON.stringify(found)));

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const ms = (value) => `${Math.round(value)} ms`;

/** Has the page note when something is first there. */
function watch(selector) {
  const look = () => {
    if (document.querySelector(selector)) globalThis.readyAt = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

async function opened({ path, ready }) {
  const { context, page } = await open();
  const scripts = [];
  page.on("response", (answer) => {
    if (answer.request().resourceType() === "script") scripts.push(answer.body());
  });
  await page.addInitScript(watch, ready);
  await page.goto(URL_ + path);
  await page.locator(ready).first().waitFor();
  return { context, page, scripts };
}

/**
 * Does something, and tells the longest task that the page's thread had to do for it: its CPU time says
 * what the page costs, the clock also what else the machine was doing.
 */
async function during(page, action) {
  const cdp = await page.context().newCDPSession(page);
  const events = [];
  cdp.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  const traceConfig = { includedCategories: ["toplevel", "__metadata"] };
  await cdp.send("Tracing.start", { transferMode: "ReportEvents", traceConfig });
  const began = Date.now();
  await page.evaluate(() => {
    const counter = { frames: 0 };
    globalThis.counter = counter;
    const count = () => {
      counter.frames += 1;
      // Another action has a counter of its own.
      if (globalThis.counter === counter) requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
  });
  await action();
  const seconds = (Date.now() - began) / 1_000;
  const frames = await page.evaluate(() => globalThis.counter.frames);
  const collected = new Promise((done) => cdp.once("Tracing.tracingComplete", done));
  await cdp.send("Tracing.end");
  await collected;
  await cdp.detach();
  const threadOf = (event) => `${event.pid}:${event.tid}`;
  const pages = new Set(
    events
      .filter((each) => each.name === "thread_name" && each.args.name === "CrRendererMain")
      .map(threadOf),
  );
  const tasks = events.filter(
    (each) => each.ph === "X" && each.name.endsWith("RunTask") && pages.has(threadOf(each)),
  );
  const longest = (field) => tasks.reduce((most, each) => Math.max(most, each[field] ?? 0), 0);
  const cpu = tasks.reduce((sum, each) => sum + (each.tdur ?? 0), 0);
  return (
    `longest task ${ms(longest("tdur") / 1_000)} of CPU (${ms(longest("dur") / 1_000)} on the clock), ` +
    `${ms(cpu / 1_000)} of CPU in ${seconds.toFixed(1)} s, ${Math.round(frames / seconds)} frames/s`
  );
}

async function turned(page, selector, { x = 0, y = 0, times = 40 }) {
  const box = await page.locator(selector).first().boundingBox();
  await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2);
  for (let time = 0; time < times; time += 1) {
    await page.mouse.wheel(x, y);
    await page.waitForTimeout(16);
  }
}

describe("the first load", () => {
  for (const [name, place] of Object.entries(PAGES)) {
    test(name, async () => {
      const paints = [];
      const readies = [];
      let kilobytes = 0;
      for (let load = 0; load < LOADS; load += 1) {
        const { context, page, scripts } = await opened(place);
        const [paint, ready] = await page.evaluate(() => [
          performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
          globalThis.readyAt,
        ]);
        paints.push(paint);
        readies.push(ready);
        await page.waitForLoadState("networkidle");
        const bodies = await Promise.all(scripts);
        kilobytes =
          bodies.reduce((sum, each) => sum + gzipSync(each, { level: 9 }).length, 0) / 1024;
        await context.close();
      }
      const times = `first paint ${ms(median(paints))}, ready ${ms(median(readies))}`;
      found[name] = `${times} (median of ${LOADS}), scripts ${kilobytes.toFixed(1)} KiB`;
    });
  }
});

describe("a trace of ten thousand rows", () => {
  test("in use", async () => {
    const { context, page } = await opened(PAGES["a trace of 10,000 rows"]);
    const rows = await page.getByRole("row").count();
    assert.ok(rows > 0);
    found["rows in the document"] = `${rows} of ${told("BIG_ROWS")}`;
    const grid = page.getByRole("treegrid");
    found["scrolling its rows"] = await during(page, () =>
      turned(page, "[role=treegrid]", { y: 900 }),
    );
    found["zooming it"] = await during(page, async () => {
      await page.keyboard.down("Control");
      await turned(page, "[role=treegrid]", { y: -60 });
      await page.keyboard.up("Control");
    });
    found["to its last row"] = await during(page, async () => {
      await grid.focus();
      await page.keyboard.press("End");
      await page.locator("[role=row][aria-selected=true]").waitFor();
    });
    found["filtering it by a text"] = await during(page, async () => {
      await page.keyboard.press("/");
      await page.keyboard.type("lookup");
      await page.getByText("found").first().waitFor();
    });
    await context.close();
  });
});

describe("a conversation of an hour", () => {
  test("in use", async () => {
    const { context, page } = await opened(PAGES["a conversation of an hour"]);
    await page.waitForFunction(() => document.querySelector("audio")?.readyState > 0);
    await page.waitForLoadState("networkidle");
    found["scrolling its transcript"] = await during(page, () =>
      turned(page, ".transcript-box", { y: 700 }),
    );
    await page.keyboard.press("0");
    found["moving in its whole length"] = await during(page, () =>
      turned(page, ".timeline", { x: 40 }),
    );
    found["zooming from an hour to seconds and back"] = await during(page, async () => {
      await page.keyboard.down("Control");
      await turned(page, ".timeline", { y: -120 });
      await turned(page, ".timeline", { y: 120 });
      await page.keyboard.up("Control");
    });
    found["playing it for five seconds"] = await during(page, async () => {
      await page.getByRole("button", { name: "Play", exact: true }).click();
      await page.waitForTimeout(5_000);
      await page.getByRole("button", { name: "Pause", exact: true }).click();
    });
    found["stepping through twenty turns"] = await during(page, async () => {
      for (let turn = 0; turn < 20; turn += 1) {
        await page.keyboard.press("j");
        await page.waitForTimeout(50);
      }
    });
    await context.close();
  });
});
