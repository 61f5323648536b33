// What the pages do while there is no server: TURNWISE_CONTROL kills and starts the real one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { open, URL_ } from "./browser.mjs";

const CONTROL = process.env.TURNWISE_CONTROL;

async function tell(deed) {
  const answer = await fetch(`${CONTROL}/${deed}`, { method: "POST" });
  assert.equal(answer.status, 204);
}

test("a killed server is told of, no page breaks, and all goes on when it is back", async () => {
  const { context, page } = await open();
  const broken = [];
  page.on("pageerror", (error) => broken.push(error.message));
  await page.goto(`${URL_}/p/default/settings/intake`);
  await page.getByText("The stores are well.").waitFor();
  await tell("kill");
  const banner = page.getByText(/does not answer/);
  await banner.waitFor();
  // Neither the code nor the data of another page can be had: it says so, and all around it stays.
  await page.getByRole("link", { name: "Errors", exact: true }).click();
  await page.getByText("No connection to the server").waitFor();
  assert.equal(new URL(page.url()).pathname, "/p/default/errors");
  await banner.waitFor();
  await tell("start");
  await banner.waitFor({ state: "detached", timeout: 60_000 });
  await page.getByRole("heading", { name: "Errors" }).waitFor();
  await page
    .getByText("Nothing failed in this time")
    .or(page.locator(".fault-kind"))
    .first()
    .waitFor();
  await page.getByRole("link", { name: "Sessions", exact: true }).click();
  await page.locator("a.row-link").first().waitFor();
  assert.deepEqual(broken, []);
  await context.close();
});
