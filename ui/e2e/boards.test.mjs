// Looks at the boards of the running server with a real browser.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { open, URL_ } from "./browser.mjs";
import { examine } from "./examine.mjs";

const { TURNWISE_FROM: FROM, TURNWISE_TO: TO, TURNWISE_CLIP: CLIP } = process.env;
const { TURNWISE_EMPTY_EMAIL: EMPTY, TURNWISE_PASSWORD: PASSWORD } = process.env;
const TIME = `from=${FROM}&to=${TO}`;
const HOUR_MS = 3_600_000;
const P = "/p/default";

const PAGES = {
  dashboard: { path: `${P}?${TIME}`, ready: ".chart canvas" },
  causes: { path: `${P}/causes?${TIME}`, ready: ".cause" },
  errors: { path: `${P}/errors?${TIME}`, ready: ".fault-kind" },
  "gate, all cases": {
    path: `${P}/gate?${TIME}&agent=support&candidate=good&baseline=-&cases=all`,
    ready: ".cases tbody tr",
  },
  gate: {
    path: `${P}/gate?${TIME}&agent=support&candidate=slow&baseline=good`,
    ready: ".cases tbody tr",
  },
  agents: { path: `${P}/agents?${TIME}&of=support&a=good&b=slow`, ready: ".passed" },
};

examine(PAGES);

async function see(path, ready, options) {
  const opened = await open(options);
  await opened.page.goto(URL_ + path);
  await opened.page.locator(ready).first().waitFor();
  return opened;
}

/** The address's search parameters once it holds a text. */
async function parameters(page, holds) {
  await page.waitForURL(holds);
  return new URL(page.url()).searchParams;
}

describe("the dashboard", () => {
  const chart = (page) => page.getByRole("slider", { name: /^Response latency/ });

  test("shows what the server counted, and every chart as a table too", async () => {
    const { context, page } = await see(PAGES.dashboard.path, PAGES.dashboard.ready);
    const answer = await page.request.get(`${URL_}/ui/api/projects/default/dashboard?${TIME}`);
    const { total, stretches } = await answer.json();
    const tile = page.locator(".tile", { has: page.getByText("Sessions", { exact: true }) });
    assert.equal(await tile.locator("dd").first().innerText(), String(total.sessions));
    const tables = page.locator(".chart table");
    assert.equal(await tables.count(), 4);
    const rows = await tables.first().locator("tbody tr").count();
    assert.ok(rows >= stretches.length, `${rows} rows for ${stretches.length} stretches`);
    await context.close();
  });

  test("narrows the time by dragging, and the address keeps it", async () => {
    const { context, page } = await see(PAGES.dashboard.path, PAGES.dashboard.ready);
    const box = await page.locator(".u-over").first().boundingBox();
    const y = box.y + box.height / 2;
    await page.mouse.move(box.x + box.width * 0.35, y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, y, { steps: 5 });
    await page.mouse.up();
    const found = await parameters(page, (url) => url.searchParams.get("from") !== FROM);
    const length = Number(found.get("to")) - Number(found.get("from"));
    assert.ok(length > 2 * HOUR_MS && length < 6 * HOUR_MS, `${length} ms`);
    await page.getByRole("button", { name: "Forget this stretch of time" }).waitFor();
    await context.close();
  });

  test("moves all cursors in step by the keys, and opens the sessions of a stretch", async () => {
    const { context, page } = await see(PAGES.dashboard.path, PAGES.dashboard.ready);
    await chart(page).focus();
    await page.keyboard.press("Home");
    await page.waitForFunction(
      () => document.querySelector("[role=slider]").getAttribute("aria-valuenow") === "0",
    );
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction(() =>
      [...document.querySelectorAll("[role=slider]")].every(
        (each) => each.getAttribute("aria-valuenow") === "1",
      ),
    );
    await page.keyboard.press("Enter");
    const found = await parameters(page, /\/sessions\?/);
    assert.equal(found.get("sort"), "p95");
    assert.ok(Number(found.get("to")) - Number(found.get("from")) <= HOUR_MS);
    await context.close();
  });

  test("a click on a stretch leads to its sessions", async () => {
    const { context, page } = await see(PAGES.dashboard.path, PAGES.dashboard.ready);
    const over = page.locator(".u-over").first();
    const box = await over.boundingBox();
    const share = (10.5 * HOUR_MS) / (Number(TO) - Number(FROM));
    await over.click({ position: { x: box.width * share, y: box.height / 2 } });
    await parameters(page, /\/sessions\?/);
    await page.locator("[role=gridcell]").first().waitFor();
    await context.close();
  });

  test("of an empty project says how to connect", async () => {
    const { context, page } = await open({ loggedIn: false });
    await page.goto(`${URL_}/login`);
    await page.getByLabel("Email").fill(EMPTY);
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("heading", { name: "Dashboard" }).waitFor();
    const snippet = page.getByText("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    await snippet.waitFor();
    await page.getByRole("button", { name: "Put a new key in" }).click();
    await page.getByText("never again").waitFor();
    const [, secret] = /x-api-key=(\S+)/.exec(await snippet.innerText());
    const traces = {
      headers: { "x-api-key": secret, "content-type": "application/json" },
      data: {},
    };
    assert.equal((await page.request.post(`${URL_}/v1/traces`, traces)).status(), 200);
    await page.reload();
    await snippet.waitFor();
    assert.ok(!(await page.content()).includes(secret));
    await context.close();
  });

  test("quotes the server's figures in every tile", async () => {
    const { context, page } = await see(PAGES.dashboard.path, PAGES.dashboard.ready);
    const answer = await page.request.get(`${URL_}/ui/api/projects/default/dashboard?${TIME}`);
    const { total } = await answer.json();
    const shown = async (name) => {
      const tile = page.locator(".tile", { has: page.getByText(name, { exact: true }) });
      const [figure] = (await tile.locator("dd").first().innerText()).split("\n");
      return figure.replaceAll(",", "");
    };
    const near = async (name, value, unit) => {
      const text = await shown(name);
      const [, number, told] = /^([\d.]+)\s*(.*)$/.exec(text.replace("$", ""));
      assert.ok(
        Math.abs(Number(number) - value) <= 0.05 * value + 0.01,
        `${name}: ${text}, ${value}`,
      );
      assert.equal(told, unit);
    };
    // So few values have no 99th percentile worth telling.
    assert.ok(total.responses < 100);
    assert.equal(await shown("Response p99"), "–");
    for (const each of ["p50", "p95"])
      await near(`Response ${each}`, total.responseMs[each] / 1000, "s");
    await near("Error rate", (100 * total.failed) / total.sessions, "%");
    await near("Cut-off rate", 100 * total.cutOffRate, "%");
    assert.equal(await shown("Tokens"), String(total.inputTokens + total.outputTokens));
    await context.close();
  });
});

describe("the gate", () => {
  for (const [version, title, rule] of [
    ["good", "PASS", "limits that can be decided are kept"],
    ["slow", "FAIL", "Time to stop talking, p95 is"],
    ["tiny", "NOT ENOUGH DATA", "nothing is said below 30"],
  ]) {
    test(`says ${title} of the version ${version}, and why`, async () => {
      const path = `${P}/gate?${TIME}&agent=support&candidate=${version}&baseline=-`;
      const { context, page } = await see(path, ".verdict");
      const said = await page.locator(".verdict").innerText();
      assert.ok(said.includes(title) && said.includes(rule), said);
      await context.close();
    });
  }

  test("plays four seconds of a case, and leads to its turn", async () => {
    const { context, page } = await see(PAGES.gate.path, ".verdict");
    const row = page.locator("tr", { has: page.locator(`a[href*="${CLIP}"]`) }).first();
    const heard = page.waitForResponse(/\/audio$/);
    await row.getByRole("button", { name: /^Play four seconds/ }).click();
    assert.equal((await heard).status(), 206);
    await row.getByRole("button", { name: /^Stop the clip/ }).waitFor();
    // It ends by itself.
    await row.getByRole("button", { name: /^Play four seconds/ }).waitFor({ timeout: 20_000 });
    await row.getByRole("link").click();
    const found = await parameters(page, /\/sessions\//);
    assert.match(found.get("turn"), /^\d+$/);
    await context.close();
  });

  test("takes what people call its cases by the keys, and says how right it was", async () => {
    const path = `${P}/gate?${TIME}&agent=support&candidate=slow&baseline=-`;
    const { context, page } = await see(path, ".cases tbody tr");
    const label = (row) => page.locator(".cases tbody tr").nth(row).getByRole("combobox");
    const precision = page.getByRole("region", { name: "Precision" });
    const is = (row, value) =>
      page.waitForFunction(
        ([at, wanted]) => document.querySelectorAll(".cases tbody select")[at]?.value === wanted,
        [row, value],
      );
    for (const [row, key, value] of [
      [0, "1", "interruption"],
      [1, "2", "backchannel"],
      [2, "3", "missed"],
      [3, "4", "cut_off"],
    ]) {
      await page.keyboard.press("j");
      await page.keyboard.press(key);
      await is(row, value);
    }
    await precision.getByText("25 %", { exact: true }).waitFor();
    await precision.getByText("change neither the counts above nor the verdict").waitFor();
    await page.keyboard.press("0");
    await is(3, "");
    await page.keyboard.press("u");
    await is(3, "cut_off");
    await label(1).selectOption("1 True interruption");
    await precision.getByText("50 %", { exact: true }).waitFor();
    await page.reload();
    await is(1, "interruption");
    await page.getByRole("button", { name: "Labelled" }).click();
    await parameters(page, /cases=labelled/);
    await page.getByRole("heading", { name: "Labelled cases 4" }).waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      precision.getByRole("link", { name: "Labels as CSV" }).click(),
    ]);
    const [head, ...rows] = readFileSync(await download.path(), "utf8")
      .trim()
      .split("\r\n");
    assert.ok(head.endsWith("kind,label,labelledBy,labelledAt"));
    assert.equal(rows.length, 4);
    await context.close();
  });

  test("compares with another version by choosing it", async () => {
    const { context, page } = await see(PAGES.gate.path, ".verdict");
    await page.getByLabel("Candidate").selectOption("good");
    await page.getByLabel("Baseline").selectOption("slow");
    await parameters(page, /baseline=slow/);
    await page.getByRole("heading", { name: "good against slow" }).waitFor();
    await context.close();
  });
});

describe("causes, errors and agents", () => {
  test("a cause leads to the turn that proves it", async () => {
    const { context, page } = await see(PAGES.causes.path, ".cause");
    const proof = page.locator(".proof a:visible").first();
    await proof.click();
    await parameters(page, /\/sessions\/.*tab=causes/);
    await context.close();
  });

  test("what is open among the causes is in the address", async () => {
    const { context, page } = await see(PAGES.causes.path, ".cause");
    await page.locator(".cause summary").first().focus();
    await page.keyboard.press("Enter");
    await parameters(page, /open=-/);
    await page.reload();
    await page.locator(".cause").first().waitFor();
    assert.equal(await page.locator(".cause details[open]").count(), 0);
    await context.close();
  });

  test("an error leads to where it was seen", async () => {
    const { context, page } = await see(PAGES.errors.path, ".fault-kind");
    await page.getByText("no answer within … s").waitFor();
    await page.locator(".places a").first().click();
    await parameters(page, /\/sessions\/.*turn=1/);
    await context.close();
  });

  test("two versions that are ticked stand side by side", async () => {
    const { context, page } = await see(`${P}/agents?${TIME}`, ".agents table");
    for (const version of ["good", "slow"])
      await page.getByRole("checkbox", { name: `Compare version ${version} of support` }).check();
    await parameters(page, /of=support&a=good&b=slow/);
    const stop = page.getByRole("row", { name: /^Time to stop talking/ });
    await stop.getByText("surely worse").waitFor();
    await context.close();
  });
});
