// The page of a session, with the calls that tests/clients/test_web_session.py makes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, test } from "node:test";
import { open, URL_ } from "./browser.mjs";

const { TURNWISE_SESSION: SESSION, TURNWISE_LONG: LONG, TURNWISE_LIVE: LIVE } = process.env;
const KEY = process.env.TURNWISE_KEY;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];

const place = (session, search = "") => `${URL_}/p/default/sessions/${session}${search}`;
const current = (page, turn) => page.locator(`[data-turn="${turn}"][aria-current=true]`);
const clock = (page) => page.locator("audio").evaluate((audio) => audio.currentTime);
const parameter = (page, name) => new URL(page.url()).searchParams.get(name);

async function ready(page, session, search) {
  await page.goto(place(session, search));
  await page.locator(".turn").first().waitFor();
}

async function withSound(page, search) {
  await ready(page, SESSION, search);
  await page.waitForFunction(() => document.querySelector("audio")?.readyState > 0);
}

/** A place of the address, once it is written: what is dragged is written a moment later. */
const written = (page, name) =>
  page.waitForURL((url) => url.searchParams.has(name)).then(() => parameter(page, name));

describe("the session in time", () => {
  test("opens at the turn of the address, and steps by the keys with the sound", async () => {
    const { context, page, complaints } = await open();
    await withSound(page, "?turn=5");
    await current(page, 5).waitFor();
    assert.ok(await current(page, 5).evaluate((row) => row.checkVisibility()));
    await page.keyboard.press("j");
    await current(page, 6).waitFor();
    await page.keyboard.press("j");
    await current(page, 7).waitFor();
    assert.equal(parameter(page, "turn"), "7");
    assert.ok(Math.abs((await clock(page)) - 16.2) < 0.1, `at ${await clock(page)} s`);
    await page.keyboard.press("k");
    await current(page, 6).waitFor();
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test("goes to the next interruption and to the next error", async () => {
    const { context, page } = await open();
    await withSound(page, "?turn=0");
    await page.keyboard.press("i");
    await current(page, 9).waitFor();
    assert.ok(Math.abs((await clock(page)) - 21.7) < 0.1, "what came before it is heard");
    await page.keyboard.press("e");
    await current(page, 5).waitFor();
    await context.close();
  });

  test("plays: the clock goes on, the turn with it, and the address at the end", async () => {
    const { context, page } = await open();
    const audio = page.waitForResponse((answer) => answer.url().endsWith("/audio"));
    await withSound(page, "?turn=2");
    assert.equal((await audio).status(), 206);
    const from = await clock(page);
    await page.keyboard.press(" ");
    await current(page, 3).waitFor();
    assert.ok((await clock(page)) > from + 1);
    await page.keyboard.press(" ");
    await page.getByRole("button", { name: "Play", exact: true }).waitFor();
    assert.ok(Math.abs(Number(await written(page, "t")) - (await clock(page))) < 0.11);
    await context.close();
  });

  test("seeks where somebody clicks, and keeps the part in sight in the address", async () => {
    const { context, page } = await open();
    await withSound(page, "?zoom=0-20");
    const canvas = page.locator(".timeline");
    const { width } = await canvas.boundingBox();
    await canvas.click({ position: { x: width / 2, y: 40 } });
    await page.waitForURL(/[?&]t=10(\.\d)?(&|$)/);
    assert.ok(Math.abs((await clock(page)) - 10) < 0.2);
    await page.keyboard.press("+");
    await page.waitForURL((url) => url.searchParams.get("zoom") !== "0-20");
    const zoom = parameter(page, "zoom");
    const [from, to] = zoom.split("-").map(Number);
    assert.ok(Math.abs(to - from - 10) < 0.2 && from < 10 && to > 10, zoom);
    await page.reload();
    await page.locator(".turn").first().waitFor();
    assert.equal(parameter(page, "zoom"), zoom);
    await page.keyboard.press("f");
    await page.waitForURL((url) => url.searchParams.get("zoom") !== zoom);
    await context.close();
  });

  test("moves the window of the overview by the mouse", async () => {
    const { context, page } = await open();
    await withSound(page, "?zoom=0-10");
    const box = await page.getByRole("slider", { name: "Position in the call" }).boundingBox();
    await page.mouse.move(box.x + 30, box.y + 15);
    await page.mouse.down();
    await page.mouse.move(box.x + 230, box.y + 15, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL((url) => !(url.searchParams.get("zoom") ?? "0-").startsWith("0-"));
    const [from, to] = parameter(page, "zoom").split("-").map(Number);
    assert.ok(Math.abs(to - from - 10) < 0.2, "its length stays");
    await context.close();
  });

  test("silences one side, and lets it be heard again", async () => {
    const { context, page, complaints } = await open();
    await withSound(page, "");
    const caller = page.getByRole("button", { name: "Caller", exact: true });
    assert.equal(await caller.getAttribute("aria-pressed"), "true");
    await caller.click();
    await page.locator("button[aria-pressed=false]", { hasText: "Caller" }).waitFor();
    await caller.click();
    await page.locator("button[aria-pressed=true]", { hasText: "Caller" }).waitFor();
    assert.deepEqual(complaints, []);
    await context.close();
  });
});

describe("the details of a turn", () => {
  const rows = (page) =>
    page
      .locator(".stages tbody tr")
      .evaluateAll((all) =>
        Object.fromEntries(all.map((row) => [row.dataset.stage, row.cells[1].textContent])),
      );

  test("say where its time went, in numbers that sum to the total", async () => {
    const { context, page } = await open();
    await ready(page, SESSION, "?turn=3");
    await page.locator(".stages tfoot").waitFor();
    assert.deepEqual(await rows(page), {
      stt: "200 ms",
      llm: "500 ms",
      tts: "250 ms",
      unexplained: "250 ms",
      endpointing: "not reported",
    });
    assert.equal(await page.locator(".stages tfoot td").textContent(), "1.20 s");
    await context.close();
  });

  test("say what nobody reported, and never 0", async () => {
    const { context, page } = await open();
    await ready(page, SESSION, "?turn=7");
    await page.locator(".stages tfoot").waitFor();
    const { llm, tts, stt } = await rows(page);
    assert.deepEqual([llm, tts, stt], ["400 ms", "not reported", "not reported"]);
    await context.close();
  });

  test("show what was reported beside what was heard", async () => {
    const { context, page } = await open();
    await ready(page, SESSION, "?turn=3");
    const [reported, heard] = await page.locator(".compared dd").allTextContents();
    assert.equal(reported, "1.20 s");
    assert.match(heard, /^1\.\d\d s$/);
    await context.close();
  });

  test("lead to the observations, and back to the same second", async () => {
    const { context, page } = await open();
    await ready(page, SESSION, "?turn=3&t=9.5&tab=trace");
    await page.getByRole("link", { name: "chat" }).click();
    await page.locator("[role=treegrid] [role=row]").first().waitFor();
    await page.goBack();
    await current(page, 3).waitFor();
    assert.equal(parameter(page, "t"), "9.5");
    await context.close();
  });

  test("list what went wrong and lead to its turn", async () => {
    const { context, page } = await open();
    await ready(page, SESSION, "?tab=causes");
    const issue = page.locator(".issue", { hasText: "lookup_order" }).first();
    await issue
      .getByText(/% sure/)
      .first()
      .waitFor();
    await issue.getByRole("button", { name: "Go to turn 5" }).first().click();
    await current(page, 5).waitFor();
    assert.equal(parameter(page, "tab"), "causes");
    await context.close();
  });

  for (const colorScheme of ["light", "dark"])
    test(`are accessible in every tab, ${colorScheme}`, async () => {
      // The checker is a script of another origin, which the policy rightly refuses.
      const { context, page } = await open({ bypassCSP: true, colorScheme });
      await ready(page, SESSION, "?turn=5");
      await page.evaluate(AXE);
      for (const name of ["Turn", "Trace", "Root cause", "Metadata"]) {
        await page.getByRole("tab", { name }).click();
        await page.locator("[role=tabpanel] h3").first().waitFor();
        const found = await page.evaluate((runOnly) => globalThis.axe.run({ runOnly }), RULES);
        assert.deepEqual(
          found.violations.map((each) => `${name} ${each.id}: ${each.nodes[0].html}`),
          [],
        );
      }
      await context.close();
    });

  test("are a drawer where there is no room beside the transcript", async () => {
    const { context, page } = await open({ viewport: { width: 390, height: 844 } });
    await ready(page, SESSION, "?turn=3");
    await page.getByRole("button", { name: /details/i }).click();
    const drawer = page.getByRole("dialog", { name: "Details" });
    await drawer.getByText("1.20 s").first().waitFor();
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
    await context.close();
  });
});

describe("other calls", () => {
  test("hold only the turns in sight, however long the call is", async () => {
    const { context, page } = await open();
    await ready(page, LONG, "?turn=399");
    await current(page, 399).waitFor();
    assert.ok((await page.locator(".turn").count()) < 60);
    assert.equal(await current(page, 399).getAttribute("aria-setsize"), "400");
    assert.equal(await current(page, 399).getAttribute("aria-posinset"), "400");
    await context.close();
  });

  test("go by in their own time where there is no recording", async () => {
    const { context, page, complaints } = await open();
    await ready(page, LONG, "?turn=2");
    await page.getByText("No recording").waitFor();
    await page.keyboard.press(" ");
    await current(page, 3).waitFor();
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test("grow while they are live", async () => {
    const { context, page } = await open();
    await ready(page, LIVE, "");
    const answer = await fetch(`${URL_}/v1/observability/sessions/${LIVE}/turns`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": KEY },
      body: JSON.stringify({
        turns: [
          {
            id: "new",
            index: 4,
            speaker: "user",
            text: "I have just said this.",
            startMs: 9000,
            endMs: 9900,
          },
        ],
      }),
    });
    assert.ok(answer.ok, await answer.text());
    await page.getByText("I have just said this.").waitFor();
    await context.close();
  });
});
