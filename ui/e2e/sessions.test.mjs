// The list of sessions where there are many: filters, pages, columns, and the way back to where one was.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { open, URL_ } from "./browser.mjs";

const { TURNWISE_KEY: KEY, TURNWISE_COUNT: COUNT } = process.env;
const LIST = `${URL_}/p/default/sessions`;
const BOX = "[role=grid]";

async function see(path = "") {
  const opened = await open();
  await opened.page.goto(LIST + path);
  await opened.page.locator("a.row-link").first().waitFor();
  return opened;
}

const ids = (page) =>
  page
    .locator("a.row-link")
    .evaluateAll((links) => links.map((link) => link.pathname.split("/").at(-1)));

/** A session that comes in while somebody reads the list. */
async function send(number) {
  const answer = await fetch(`${URL_}/v1/observability/sessions`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": KEY },
    body: JSON.stringify({ agentId: "late", startedAt: `2026-03-22T10:00:${10 + number}Z` }),
  });
  assert.equal(answer.status, 201);
}

/** Every session that a walk to the end of the list meets, in its order. */
async function walk(page, atEachStep = async () => undefined) {
  const met = [];
  const box = page.locator(BOX);
  for (;;) {
    for (const id of await ids(page)) if (!met.includes(id)) met.push(id);
    const before = await box.evaluate((each) => [each.scrollTop, each.scrollHeight]);
    await atEachStep();
    await box.evaluate((each) => each.scrollBy(0, 300));
    await page.waitForFunction(
      ([selector, [top, height]]) => {
        const each = document.querySelector(selector);
        const isMore = [...document.querySelectorAll("button")].some((one) =>
          /^Load/.test(one.textContent),
        );
        return each.scrollTop !== top || each.scrollHeight !== height || !isMore;
      },
      [BOX, before],
    );
    const after = await box.evaluate((each) => [each.scrollTop, each.scrollHeight]);
    if (after.join() === before.join()) return met;
  }
}

describe("the list of many sessions", () => {
  test("narrows by an agent, in its rows and in its address, and a reload keeps it", async () => {
    const { context, page } = await see();
    await page.getByRole("button", { name: "Filter", exact: true }).click();
    await page.getByRole("menuitem", { name: "Agent" }).click();
    await page.getByRole("menuitemcheckbox", { name: "billing" }).click();
    await page.waitForURL(/agent=billing/);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    const agents = async () =>
      new Set(await page.locator(".agent-cell.agent-cell .cut").allInnerTexts());
    await page.locator("[aria-busy=false] .agent-cell", { hasText: "billing" }).first().waitFor();
    await page.getByText("support", { exact: true }).first().waitFor({ state: "detached" });
    assert.deepEqual(await agents(), new Set(["billing"]));
    await page.reload();
    await page.locator("a.row-link").first().waitFor();
    assert.deepEqual(await agents(), new Set(["billing"]));
    await context.close();
  });

  test("has every session once, in order, while new ones come in", async () => {
    const { context, page } = await see("?agent=support&agent=billing&agent=late");
    const [newest] = await ids(page);
    let sent = 0;
    const met = await walk(page, async () => {
      if (sent < 5) await send(sent++);
    });
    assert.equal(sent, 5);
    assert.equal(met[0], newest);
    assert.equal(met.length, Number(COUNT));
    const answer = await page.request.get(
      `${URL_}/ui/api/projects/default/sessions?agent=support&agent=billing&limit=200`,
    );
    const expected = (await answer.json()).data.map((line) => line.id);
    assert.deepEqual(met, expected);
    await context.close();
  });

  test("comes back to where one was", async () => {
    const { context, page } = await see();
    await page.locator(BOX).evaluate((each) => each.scrollTo(0, 1200));
    const row = page.locator("#row-35 a.row-link");
    await row.waitFor();
    const name = await row.innerText();
    await row.click();
    await page.locator(BOX).waitFor({ state: "detached" });
    await page.goBack();
    await page.locator("#row-35", { hasText: name }).waitFor();
    const top = await page.locator(BOX).evaluate((each) => each.scrollTop);
    assert.equal(top, 1200);
    await context.close();
  });

  test("shows the columns that are chosen, and the address keeps them", async () => {
    const { context, page } = await see();
    await page.getByRole("button", { name: "Columns" }).click();
    await page.getByRole("menuitemcheckbox", { name: "Tools" }).click();
    await page.getByRole("menuitemcheckbox", { name: "p50" }).click();
    await page.waitForURL(/cols=/);
    await page.keyboard.press("Escape");
    await page.reload();
    await page.getByRole("columnheader", { name: "Tools" }).waitFor();
    assert.equal(await page.getByRole("columnheader", { name: "p50" }).count(), 0);
    await page.setViewportSize({ width: 390, height: 844 });
    const beyond = await page.evaluate(
      () => document.documentElement.scrollWidth - window.innerWidth,
    );
    assert.ok(beyond <= 0, `${beyond} pixels too wide`);
    await page.getByRole("button", { name: "Columns" }).click();
    await page.getByRole("menuitem", { name: "The usual ones" }).click();
    await page.waitForURL((url) => !url.search.includes("cols"));
    await context.close();
  });

  test("narrows by values that are typed, each with a chip to take away", async () => {
    const { context, page } = await see();
    await page.getByRole("button", { name: "Caller, tag, cost" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Caller").fill("jo");
    await dialog.getByLabel("Tag").fill("vip");
    await dialog.getByLabel("Cost in US dollars, at least").fill("0.00001");
    await dialog.getByRole("button", { name: "Show sessions" }).click();
    await page.waitForURL(/user=jo&tag=vip/);
    await page.getByRole("gridcell", { name: "jo", exact: true }).waitFor();
    assert.equal(await page.locator("a.row-link").count(), 1);
    for (const name of ["caller jo", "tag vip", "cost ≥"])
      await page.getByRole("button", { name: `Remove the filter ${name}` }).click();
    await page.waitForURL((url) => url.search === "");
    await context.close();
  });
});
