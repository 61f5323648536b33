// Looks at the page of a trace with a real browser: ten thousand rows, long and strange contents.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { open, URL_ } from "./browser.mjs";

const told = (name) => process.env[`TURNWISE_${name}`];
const BIG = `/p/default/traces/${told("BIG_TRACE")}`;
const SMALL = `/p/default/traces/${told("TRACE")}`;
const ROWS = Number(told("BIG_ROWS"));
const STRANGE = "<img src=x onerror=ranFromContent()>";
const MOST_ROWS = 100;

const grid = (page) => page.getByRole("treegrid");
const details = (page) => page.getByRole("region", { name: "Observation", exact: true });
const rowCount = async (page) => Number(await grid(page).getAttribute("aria-rowcount"));
const chosen = (page) => page.locator("[role=row][aria-selected=true]");
const param = (page, name) => new URL(page.url()).searchParams.get(name);

async function at(path, options) {
  const opened = await open(options);
  await opened.page.goto(URL_ + path);
  await grid(opened.page).getByRole("row").first().waitFor();
  return opened;
}

/** Waits until a value is the one that is expected. */
async function until(page, read, expected) {
  for (let tries = 0; tries < 100; tries += 1) {
    if ((await read(page)) === expected) return;
    await page.waitForTimeout(50);
  }
  assert.equal(await read(page), expected);
}

/** The share of its track that a row's bar fills. */
const filled = (row) =>
  row.evaluate((element) => {
    const track = element.querySelector(".tree-track").getBoundingClientRect();
    return element.querySelector(".tree-bar").getBoundingClientRect().width / track.width;
  });

describe("ten thousand observations", () => {
  test("are counted, and only those in sight are in the document", async (run) => {
    const { context, page, complaints } = await open();
    const began = Date.now();
    await page.goto(URL_ + BIG);
    await grid(page).getByRole("row").first().waitFor();
    run.diagnostic(`first rows after ${Date.now() - began} ms`);
    assert.equal(await rowCount(page), ROWS);
    assert.ok((await page.getByRole("row").count()) < MOST_ROWS);
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test("are walked by the keys, and the address follows", async () => {
    const { context, page } = await at(BIG);
    await grid(page).focus();
    await page.keyboard.press("End");
    await chosen(page).waitFor();
    assert.equal(await chosen(page).getAttribute("aria-rowindex"), String(ROWS));
    const active = await grid(page).getAttribute("aria-activedescendant");
    assert.equal(await chosen(page).getAttribute("id"), active);
    await until(page, (each) => param(each, "obs") === told("BIG_LAST"), true);
    assert.ok((await page.getByRole("row").count()) < MOST_ROWS);
    await page.keyboard.press("Home");
    await until(page, (each) => chosen(each).getAttribute("aria-rowindex"), "1");
    await page.keyboard.press("PageDown");
    await until(
      page,
      async (each) => Number(await chosen(each).getAttribute("aria-rowindex")) > 5,
      true,
    );
    await page.reload();
    await chosen(page).waitFor();
    await context.close();
  });

  test("close and open by the keys", async () => {
    const { context, page } = await at(`${BIG}?obs=${told("BIG_TURN")}`);
    await chosen(page).waitFor();
    assert.equal(await chosen(page).getAttribute("aria-expanded"), "true");
    assert.equal(await chosen(page).getAttribute("aria-level"), "2");
    await grid(page).focus();
    await page.keyboard.press("ArrowLeft");
    await until(page, rowCount, ROWS - (Number(told("BIG_TURN_ROWS")) - 1));
    assert.equal(await chosen(page).getAttribute("aria-expanded"), "false");
    await page.keyboard.press("ArrowRight");
    await until(page, rowCount, ROWS);
    await page.keyboard.press("ArrowRight");
    await until(page, (each) => chosen(each).getAttribute("aria-level"), "3");
    await page.keyboard.press("ArrowLeft");
    await until(page, (each) => param(each, "obs"), told("BIG_TURN"));
    await page.keyboard.type("lookup");
    await until(page, async (each) => /lookup_invoice/.test(await chosen(each).innerText()), true);
    await context.close();
  });

  test("open fitted to the turn one comes from; F and 0 fit and unfit", async () => {
    const { context, page } = await at(`${BIG}?obs=${told("BIG_TURN")}`);
    assert.ok((await filled(chosen(page))) > 0.6);
    await until(page, (each) => /^[\d.]+-[\d.]+$/.test(param(each, "win") ?? ""), true);
    await page.keyboard.press("0");
    await until(page, async () => (await filled(chosen(page))) < 0.05, true);
    assert.equal(param(page, "win"), "all");
    await page.keyboard.press("f");
    await until(page, async () => (await filled(chosen(page))) > 0.6, true);
    const before = param(page, "win");
    await page.reload();
    await chosen(page).waitFor();
    assert.ok((await filled(chosen(page))) > 0.6);
    assert.equal(param(page, "win"), before);
    await grid(page).focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowDown");
    await page.locator(".tree-edge.before").first().waitFor();
    await page.locator(".tree-edge.before").first().click();
    await until(page, (each) => param(each, "win") !== before, true);
    await context.close();
  });

  test("are narrowed by text, kind and errors, with the rows above", async () => {
    const { context, page } = await at(BIG);
    await page.keyboard.press("/");
    await page.keyboard.type("lookup_invoice");
    const turns = (ROWS - (ROWS % 5)) / 5 - (ROWS % 5 ? 0 : 1);
    // Each tool keeps its model request, its turn and the session above it.
    await until(page, rowCount, turns * 3 + 1);
    await page.getByRole("status").filter({ hasText: "found" }).waitFor();
    await page.getByRole("button", { name: /^Errors only/ }).click();
    const errors = Number(told("BIG_ERRORS"));
    await until(page, rowCount, errors * 3 + 1);
    await page.getByText(`${errors} found`).waitFor();
    assert.equal(param(page, "err"), "true");
    await page.reload();
    await until(page, rowCount, errors * 3 + 1);
    await page.getByRole("button", { name: "Show all" }).click();
    await until(page, rowCount, ROWS);
    await page.getByRole("button", { name: /^Model/ }).click();
    await until(page, (each) => param(each, "type"), "llm");
    await until(page, rowCount, turns * 2 + 1);
    await context.close();
  });

  test("are cut out by drawing on the strip, and by its grips", async () => {
    const { context, page } = await at(BIG);
    const box = await page.locator(".strip").boundingBox();
    await page.mouse.move(box.x + box.width * 0.25, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 20, { steps: 4 });
    await page.mouse.up();
    await until(page, (each) => param(each, "win") !== null, true);
    const [start, end] = param(page, "win").split("-").map(Number);
    assert.ok(Math.abs(start / (end - start) - 1) < 0.1, param(page, "win"));
    await page.getByRole("slider", { name: "End of the window" }).focus();
    await page.keyboard.press("ArrowRight");
    await until(page, (each) => Number(param(each, "win").split("-")[1]) > end, true);
    await context.close();
  });

  test("show the critical path and the time that each took itself", async () => {
    const { context, page } = await at(`${BIG}?obs=${told("BIG_TURN")}`);
    await page.keyboard.press("c");
    await until(page, (each) => param(each, "view"), "path");
    assert.ok((await page.locator(".tree-row .path").count()) > 2);
    await page.getByRole("button", { name: "Self time" }).click();
    // The turn lasts 3 s; transcription, model and voice take 190, 800 and 300 ms of it.
    await chosen(page).getByText("1.71 s").waitFor();
    await context.close();
  });
});

describe("closed rows", () => {
  test("stay closed at their address, all but few of them in a short one", async () => {
    const { context, page } = await at(`${BIG}?obs=${told("BIG_TURN")}`);
    await chosen(page).waitFor();
    await grid(page).focus();
    await page.keyboard.press("ArrowLeft");
    const left = ROWS - (Number(told("BIG_TURN_ROWS")) - 1);
    await until(page, rowCount, left);
    await page.reload();
    await chosen(page).waitFor();
    assert.equal(await rowCount(page), left);
    await page.getByRole("button", { name: "Collapse all" }).click();
    await until(page, async (each) => (await rowCount(each)) < ROWS / 4, true);
    const outline = await rowCount(page);
    await grid(page).focus();
    await page.keyboard.press("ArrowRight");
    // Its rows, of which the model request is closed over its tool.
    await until(page, rowCount, outline + 3);
    assert.ok(param(page, "closed").length < 20, param(page, "closed"));
    await page.reload();
    await chosen(page).waitFor();
    assert.equal(await rowCount(page), outline + 3);
    await page.getByRole("button", { name: "Expand all" }).click();
    await until(page, rowCount, ROWS);
    assert.equal(param(page, "closed"), null);
    await context.close();
  });

  test("take the choice of a row that they hide", async () => {
    const { context, page } = await at(`${BIG}?obs=${told("BIG_LAST")}`);
    await chosen(page).waitFor();
    await page.getByRole("button", { name: "Collapse all" }).click();
    await until(page, async (each) => param(each, "obs") !== told("BIG_LAST"), true);
    assert.equal(await chosen(page).getAttribute("aria-expanded"), "false");
    await context.close();
  });
});

describe("the keys of the page", () => {
  test("zoom, move on, go to errors and leave", async () => {
    const { context, page } = await at(BIG);
    const span = () => (param(page, "win") ?? "").split("-").map(Number);
    await page.keyboard.press("+");
    await until(page, (each) => /^[\d.]+-[\d.]+$/.test(param(each, "win") ?? ""), true);
    const [from, to] = span();
    await page.keyboard.press("]");
    await until(page, () => span()[0] > from, true);
    assert.ok(Math.abs(span()[1] - span()[0] - (to - from)) < 1, "its length stays");
    await page.keyboard.press("[");
    await until(page, () => span()[0], from);
    await page.keyboard.press("-");
    await until(page, (each) => param(each, "win"), "all");
    await page.keyboard.press("e");
    await chosen(page).getByLabel("error").waitFor();
    const first = param(page, "obs");
    await page.keyboard.press("e");
    await until(page, (each) => param(each, "obs") !== first, true);
    await page.keyboard.press("Escape");
    await until(page, (each) => param(each, "obs"), null);
    await context.close();
  });
});

describe("the contents", () => {
  test("are the prompt, the answer and all of it as JSON, beside others of its kind", async () => {
    const { context, page } = await at(`${BIG}?obs=${told("BIG_MODEL")}`);
    await details(page).getByRole("region", { name: "Prompt" }).getByText("What time").waitFor();
    await details(page).getByRole("region", { name: "Answer" }).getByText("Half past").waitFor();
    await details(page)
      .getByText(/^Slower than \d+ %/)
      .waitFor();
    await details(page).getByRole("tab", { name: "JSON" }).click();
    const json = details(page).getByRole("region", { name: "The observation as JSON" });
    await json.getByText("gpt-4.1-mini").first().waitFor();
    assert.equal(param(page, "tab"), "json");
    await context.close();
  });

  test("of five megabytes are cut, and can be loaded without freezing the page", async (run) => {
    const { context, page, complaints } = await at(`${SMALL}?obs=${told("LONG")}`);
    await details(page).getByText("The first 64 KB are shown.").waitFor();
    await details(page).getByText("user", { exact: true }).waitFor();
    await page.evaluate(() => {
      globalThis.longest = 0;
      new PerformanceObserver((list) => {
        for (const task of list.getEntries())
          globalThis.longest = Math.max(globalThis.longest, task.duration);
      }).observe({ entryTypes: ["longtask"] });
    });
    await details(page)
      .getByRole("button", { name: /^Load all 5\./ })
      .click();
    await until(
      page,
      (each) =>
        each
          .locator(".text-block")
          .count()
          .then((n) => n > 500),
      true,
    );
    run.diagnostic(`longest task ${await page.evaluate(() => globalThis.longest)} ms`);
    // A block that was never laid out has the height that its style gives it in advance.
    const laidOut = await page
      .locator(".text-block")
      .evaluateAll((all) => all.filter((each) => each.offsetHeight !== 960).length);
    assert.ok(laidOut < 20, `${laidOut} blocks are laid out`);
    assert.equal(await details(page).getByText("The first 64 KB are shown.").count(), 0);
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test("are copied and taken away whole", async () => {
    const { context, page } = await at(`${SMALL}?obs=${told("LONG")}`);
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const prompt = details(page).getByRole("region", { name: "Prompt" });
    await prompt.getByRole("button", { name: "Copy the prompt" }).click();
    await prompt.getByRole("button", { name: "Copied" }).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.ok(copied.length > 5_000_000, `${copied.length} characters`);
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      prompt.getByRole("link", { name: "Download the prompt as it was sent" }).click(),
    ]);
    assert.equal(download.suggestedFilename(), "input.json");
    await context.close();
  });

  test("from strangers are text, wherever they stand", async () => {
    const { context, page, complaints } = await open();
    let ran = false;
    await page.exposeFunction("ranFromContent", () => {
      ran = true;
    });
    for (const tab of ["content", "attributes", "events", "json"]) {
      await page.goto(`${URL_}${SMALL}?obs=${told("STRANGE")}&tab=${tab}`);
      await details(page).getByRole("tabpanel").getByText(STRANGE).first().waitFor();
    }
    await page.goto(`${URL_}${SMALL}?obs=${told("STRANGE")}&tab=attributes`);
    await details(page).getByText(`tagged ${STRANGE}`, { exact: true }).waitFor();
    await page.goto(`${URL_}${SMALL}?q=${encodeURIComponent(STRANGE)}`);
    await until(page, rowCount, 2);
    assert.equal(ran, false);
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test("show pictures and play sounds, and never their base64", async () => {
    const { context, page, complaints } = await at(`${SMALL}?obs=${told("MEDIA")}`);
    const picture = details(page).getByRole("img", { name: /image\/png/ });
    await picture.waitFor();
    await until(page, () => picture.evaluate((each) => each.naturalWidth), 1);
    const sound = details(page).locator("audio");
    await until(page, () => sound.evaluate((each) => each.readyState > 0), true);
    assert.equal(Math.round(await sound.evaluate((each) => each.duration)), 1);
    assert.doesNotMatch(await details(page).innerText(), /[A-Za-z0-9+/]{200}/);
    for (const tab of ["Attributes", "JSON"]) {
      await details(page).getByRole("tab", { name: tab }).click();
      assert.doesNotMatch(await details(page).innerText(), /[A-Za-z0-9+/]{200}/);
    }
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test("have the files beside them that were sent along", async () => {
    const { context, page, complaints } = await open();
    await page.goto(`${URL_}/p/default/traces/${told("RUN")}`);
    const files = details(page).getByRole("region", { name: "Files" });
    const sound = files.locator("audio");
    await until(page, () => sound.evaluate((each) => each.readyState > 0), true);
    assert.equal(Math.round(await sound.evaluate((each) => each.duration)), 1);
    await files.getByText(/^greeting, audio\/wav/).waitFor();
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test("lead to their turn in the call, and back to where one was", async () => {
    const { context, page } = await at(`${SMALL}?obs=${told("LONG")}`);
    const link = details(page).getByRole("link", { name: /^Turn 0, agent/ });
    await link.click();
    await page.waitForURL(/\/sessions\/sess_[^?]*\?.*turn=0/);
    await page.goBack();
    await chosen(page).waitFor();
    assert.equal(param(page, "obs"), told("LONG"));
    await context.close();
  });
});

describe("the traces of a session", () => {
  test("follow each other", async () => {
    const { context, page } = await at(SMALL);
    const first = page.url();
    await page.getByRole("link", { name: "Next trace" }).click();
    await page.getByRole("link", { name: "Previous trace" }).waitFor();
    assert.notEqual(page.url(), first);
    await page.keyboard.press("p");
    await page.getByRole("link", { name: "Next trace" }).waitFor();
    assert.equal(new URL(page.url()).pathname, SMALL);
    await context.close();
  });
});
