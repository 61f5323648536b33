// The page of a session, with the calls that tests/clients/test_web_session.py makes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, test } from "node:test";
import { open, URL_ } from "./browser.mjs";

const { TURNWISE_SESSION: SESSION, TURNWISE_LONG: LONG, TURNWISE_LIVE: LIVE } = process.env;
const { TURNWISE_QUIET: QUIET, TURNWISE_EMPTY: EMPTY, TURNWISE_SPAN: SPAN } = process.env;
const { TURNWISE_TRACED: TRACED, TURNWISE_TRACED_SPAN: TRACED_SPAN } = process.env;
const KEY = process.env.TURNWISE_KEY;
const STRANGE = "<img src=x onerror=ranFromContent()>";
const BEGAN_NS = 1_774_087_200_000_000_000n;
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

  test("goes back and on by seconds, and nearer and farther, by the keys", async () => {
    const { context, page } = await open();
    await withSound(page, "?t=10&zoom=5-15");
    await page.keyboard.press("ArrowRight");
    await page.waitForURL(/[?&]t=15(&|$)/);
    assert.ok(Math.abs((await clock(page)) - 15) < 0.1);
    await page.keyboard.press("ArrowLeft");
    await page.waitForURL(/[?&]t=10(&|$)/);
    const lengthNow = () => {
      const [from, to] = parameter(page, "zoom").split("-").map(Number);
      return to - from;
    };
    const before = lengthNow();
    await page.keyboard.press("-");
    await page.waitForFunction(
      (old) => new URL(location.href).searchParams.get("zoom") !== old,
      parameter(page, "zoom"),
    );
    assert.ok(Math.abs(lengthNow() - 2 * before) < 0.2, `${lengthNow()} s`);
    await page.keyboard.press("0");
    await page.waitForURL(/[?&]zoom=0-3\d/);
    await context.close();
  });

  test("silences one side, and lets it be heard again", async () => {
    const { context, page, complaints } = await open();
    await page.addInitScript(() => {
      globalThis.gains = [];
      const make = AudioContext.prototype.createGain;
      AudioContext.prototype.createGain = function () {
        const made = make.call(this);
        globalThis.gains.push(made);
        return made;
      };
    });
    await withSound(page, "");
    const caller = page.getByRole("button", { name: "Caller", exact: true });
    const volumes = () => page.evaluate(() => globalThis.gains.map((each) => each.gain.value));
    assert.equal(await caller.getAttribute("aria-pressed"), "true");
    await caller.click();
    await page.locator("button[aria-pressed=false]", { hasText: "Caller" }).waitFor();
    // The recording's first channel is the caller's.
    assert.deepEqual(await volumes(), [0, 1]);
    await caller.click();
    await page.locator("button[aria-pressed=true]", { hasText: "Caller" }).waitFor();
    assert.deepEqual(await volumes(), [1, 1]);
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test("lights up the word that is heard, and says what it was taken for", async () => {
    const { context, page } = await open();
    await withSound(page, "?turn=2&t=4.9");
    const lit = page.locator("mark");
    await lit.getByText("the", { exact: true }).waitFor();
    assert.equal(
      await current(page, 2).locator("p").first().textContent(),
      "These are the words of turn 2.",
    );
    await current(page, 2).getByText("52 % sure").waitFor();
    await current(page, 2).getByText("These are the birds of").waitFor();
    await page.keyboard.press(" ");
    // Of the words to come the last one is heard longest.
    await lit.getByText("2.", { exact: true }).waitFor();
    await current(page, 3).waitFor();
    assert.equal(await lit.count(), 0, "the next turn has no words in time");
    await context.close();
  });

  test("leaves out silence where that is wished", async () => {
    const { context, page } = await open();
    await ready(page, QUIET, "?turn=0");
    await page.getByLabel("Skip silence").check();
    await page.getByRole("button", { name: "Play", exact: true }).click();
    // A minute and a half lies between the two.
    await current(page, 1).waitFor({ timeout: 30_000 });
    await context.close();
  });

  test("follows what is played until somebody scrolls, and again when asked to", async () => {
    const { context, page } = await open();
    await ready(page, LONG, "?turn=2");
    await page.keyboard.press(" ");
    const follow = page.getByRole("button", { name: "Resume following" });
    assert.equal(await follow.count(), 0);
    await page.getByRole("region", { name: "What was said" }).hover();
    await page.mouse.wheel(0, 6_000);
    await follow.waitFor();
    await page.locator('[data-turn="2"]').waitFor({ state: "detached" });
    // The turn that is played next is not brought into sight.
    const { turn } = Object.fromEntries(new URL(page.url()).searchParams);
    await page.waitForURL((url) => url.searchParams.get("turn") !== turn);
    assert.equal(await page.locator("[data-turn][aria-current=true]").count(), 0);
    await follow.click();
    await page.locator("[data-turn][aria-current=true]").waitFor();
    assert.equal(await follow.count(), 0);
    await context.close();
  });
});

describe("the details of a turn", () => {
  const rows = (page) =>
    page
      .locator(".stage-table tbody tr")
      .evaluateAll((all) =>
        Object.fromEntries(all.map((row) => [row.dataset.stage, row.cells[1].textContent])),
      );

  test("say where its time went, in numbers that sum to the total", async () => {
    const { context, page } = await open();
    await ready(page, SESSION, "?turn=3");
    await page.locator(".stage-table tfoot").waitFor();
    assert.deepEqual(await rows(page), {
      stt: "200 ms",
      llm: "500 ms",
      tts: "250 ms",
      unexplained: "250 ms",
      endpointing: "not reported",
    });
    assert.equal(await page.locator(".stage-table tfoot td").textContent(), "1.20 s");
    await context.close();
  });

  test("say what nobody reported, and never 0", async () => {
    const { context, page } = await open();
    await ready(page, SESSION, "?turn=7");
    await page.locator(".stage-table tfoot").waitFor();
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
    await ready(page, TRACED, "?turn=1&t=2.5&tab=trace");
    const steps = page.getByRole("region", { name: "This turn" });
    await steps.getByRole("link", { name: "chat" }).click();
    await page.locator("[role=treegrid] [role=row][aria-selected=true]").waitFor();
    assert.equal(parameter(page, "obs"), TRACED_SPAN);
    await page.goBack();
    await current(page, 1).waitFor();
    assert.equal(parameter(page, "t"), "2.5");
    await page.waitForFunction(
      () => Math.abs((document.querySelector("audio")?.currentTime ?? 0) - 2.5) < 0.1,
    );
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
      for (const name of ["Turn", "Trace", "Root cause", "Metadata", "Logs"]) {
        await page.getByRole("tab", { name }).click();
        await page.locator("[role=tabpanel]").locator("h3, .log").first().waitFor();
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

describe("what programs wrote", () => {
  const logs = (page) => page.locator(".log-text");
  const log = (page, text) => page.locator(".log", { hasText: text });

  test("is listed by time and narrowed by level and text, as the address says", async () => {
    const { context, page, complaints } = await open();
    await ready(page, SESSION, "");
    await page.getByRole("tab", { name: "Logs" }).click();
    await logs(page).first().waitFor();
    const [first, second, third, fourth] = await logs(page).allTextContents();
    assert.deepEqual([first, second, third], ["the line is open", "the prompt is long", STRANGE]);
    assert.match(fourth, /^(and on)+.*…$/);
    await page.getByLabel("Level").selectOption("Warnings and worse");
    await log(page, "the line is open").waitFor({ state: "detached" });
    assert.equal(parameter(page, "level"), "warn");
    await page.getByLabel("Text of the records").fill("PROMPT is");
    await page.keyboard.press("Enter");
    await log(page, STRANGE).waitFor({ state: "detached" });
    await page.reload();
    await log(page, "the prompt is long").waitFor();
    assert.equal(await logs(page).count(), 1);
    await page.getByLabel("Text of the records").fill("nothing says this");
    await page.keyboard.press("Enter");
    await page.getByText("No record fits.").waitFor();
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test("leads to its second, its turn and its observation", async () => {
    const { context, page } = await open();
    await withSound(page, "?tab=logs");
    await log(page, STRANGE).getByRole("button", { name: "0:11" }).click();
    await page.waitForURL(/[?&]t=11\.7(&|$)/);
    assert.ok(Math.abs((await clock(page)) - 11.7) < 0.1);
    await log(page, STRANGE).getByRole("button", { name: "Turn 5" }).waitFor();
    await log(page, "the prompt is long").getByRole("button", { name: "Turn 3" }).click();
    await current(page, 3).waitFor();
    await log(page, "the prompt is long").getByRole("link", { name: "Observation" }).click();
    await page.locator("[role=treegrid] [role=row][aria-selected=true]").waitFor();
    assert.equal(parameter(page, "obs"), SPAN);
    await context.close();
  });

  test("is shown whole when asked for, and as text whatever it is", async () => {
    const { context, page, complaints } = await open();
    let ran = false;
    await page.exposeFunction("ranFromContent", () => {
      ran = true;
    });
    await ready(page, SESSION, "?turn=4&tab=logs");
    await current(page, 4).getByText(STRANGE).waitFor();
    await page.getByRole("heading", { name: STRANGE, exact: true }).waitFor();
    await log(page, STRANGE).getByRole("button", { name: "More" }).click();
    await log(page, STRANGE).locator("dt").getByText(STRANGE).waitFor();
    assert.equal(
      await log(page, STRANGE).locator("dd").filter({ hasText: "line 1" }).innerText(),
      "line 1\nline 2",
    );
    await page.reload();
    await log(page, STRANGE).getByRole("button", { name: "Less" }).waitFor();
    await log(page, "and on").getByRole("button", { name: "More" }).click();
    const whole = log(page, "and on").locator("pre");
    await whole.waitFor();
    assert.equal((await whole.textContent()).length, 6_000);
    assert.equal(ran, false);
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test("comes as it is written while the call is live", async () => {
    const { context, page } = await open();
    await ready(page, LIVE, "?tab=logs");
    await page.getByText("Nobody sent any log records for this session.").waitFor();
    const record = {
      timeUnixNano: String(BEGAN_NS + 5_000_000_000n),
      severityNumber: 9,
      body: { stringValue: "written just now" },
      attributes: [{ key: "session.id", value: { stringValue: LIVE } }],
    };
    const answer = await fetch(`${URL_}/v1/logs`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": KEY },
      body: JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] }),
    });
    assert.equal(await answer.text(), "{}");
    await log(page, "written just now").waitFor();
    await context.close();
  });
});

describe("other calls", () => {
  test("say so where nothing was said and where there is nothing", async () => {
    const { context, page } = await open();
    await page.goto(place(EMPTY));
    await page.getByText("Nothing has been said yet.").waitFor();
    for (const name of ["Turn", "Trace", "Root cause", "Metadata", "Logs"]) {
      await page.getByRole("tab", { name }).click();
      await page.locator("[role=tabpanel]").getByText(/\S/).first().waitFor();
    }
    await page.goto(place("sess_0"));
    await page.getByRole("heading", { name: "There is nothing here" }).waitFor();
    await context.close();
  });

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
