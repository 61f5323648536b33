// What is arranged on the pages: keys, people, prices, and how the pages bear a loss of the server.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { logIn, open, PASSWORD, URL_ } from "./browser.mjs";

const OTHER = process.env.TURNWISE_OTHER_EMAIL;
const NEXT_PASSWORD = "another password of a test";

const STRANGE = "<img src=x onerror=ranFromContent()>";

/** What the server says to a key. */
async function answerTo(secret) {
  const answer = await fetch(`${URL_}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": secret },
    body: "{}",
  });
  return answer.status;
}

describe("keys", () => {
  test("are shown once, work, and are refused once revoked", async () => {
    const { context, page, complaints } = await open();
    await page.goto(`${URL_}/p/default/settings/keys`);
    await page.getByRole("button", { name: "Create key" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill(STRANGE);
    await dialog.getByRole("button", { name: "Create key" }).click();
    const secret = await dialog.getByLabel("Secret key").inputValue();
    assert.equal(await answerTo(secret), 200);
    await page.keyboard.press("Escape");
    await page.locator(".table").getByText(STRANGE).waitFor();
    await page.reload();
    await page.locator(".table").getByText(STRANGE).waitFor();
    assert.ok(!(await page.content()).includes(secret));
    await page.getByRole("button", { name: `Revoke ${STRANGE}` }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Revoke" }).click();
    await page.locator(".table").getByText(STRANGE).waitFor({ state: "detached" });
    assert.equal(await answerTo(secret), 401);
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test("name the field that is wrong", async () => {
    const { context, page } = await open();
    await page.goto(`${URL_}/p/default/settings/keys`);
    await page.getByRole("button", { name: "Create key" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Create key" }).click();
    await dialog.getByRole("alert").waitFor();
    assert.equal(await dialog.getByLabel("Name").getAttribute("aria-invalid"), "true");
    await context.close();
  });
});

describe("one's own account", () => {
  test("changes the password, which ends other sessions, and logs out everywhere", async () => {
    const [one, other] = [await open({ loggedIn: false }), await open({ loggedIn: false })];
    const account = "/p/default/settings/account";
    await logIn(one.page, account, OTHER);
    await logIn(other.page, account, OTHER);
    await other.page.getByText("in 1 other").waitFor();
    const change = async (old, next) => {
      await one.page.getByLabel("Old password").fill(old);
      await one.page.getByLabel("New password").fill(next);
      await one.page.getByRole("button", { name: "Change password" }).click();
    };
    await change("wrong", NEXT_PASSWORD);
    await one.page.getByRole("alert").getByText("This is not your password.").waitFor();
    await change(PASSWORD, NEXT_PASSWORD);
    await one.page.getByText("Your password is changed.").waitFor();
    await one.page.getByText("In this browser alone.").waitFor();
    await other.page.reload();
    await other.page.getByLabel("Password").waitFor();
    await logIn(other.page, account, OTHER, NEXT_PASSWORD);
    await other.page.getByRole("button", { name: "Log out everywhere" }).click();
    const sure = other.page.getByRole("alertdialog");
    await sure.getByRole("button", { name: "Log out everywhere" }).click();
    await other.page.getByRole("heading", { name: "Log in to Turnwise" }).waitFor();
    await one.page.reload();
    await one.page.getByRole("heading", { name: "Log in to Turnwise" }).waitFor();
    await one.context.close();
    await other.context.close();
  });
});

describe("members", () => {
  test("are added, and do not see what owners arrange", async () => {
    const { context, page } = await open();
    const email = `${Math.random().toString(36).slice(2)}@example.com`;
    await page.goto(`${URL_}/p/default/settings/members`);
    await page.getByRole("button", { name: "Add member" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Email").fill(email);
    await dialog.getByLabel("Password").fill("a long enough password");
    await dialog.getByRole("button", { name: "Add member" }).click();
    await page.getByText(email).waitFor();
    const theirs = await open({ loggedIn: false });
    await logIn(theirs.page, "/p/default/settings", email, "a long enough password");
    await theirs.page.getByRole("link", { name: "API keys" }).waitFor();
    assert.equal(await theirs.page.getByRole("link", { name: "Members" }).count(), 0);
    await page.getByRole("button", { name: `Deactivate ${email}` }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Deactivate" }).click();
    await page.getByRole("button", { name: `Activate ${email}` }).waitFor();
    await theirs.page.reload();
    await theirs.page.getByLabel("Password").waitFor();
    await theirs.context.close();
    await context.close();
  });
});

describe("a project", () => {
  test("keeps what is said of its retention", async () => {
    const { context, page } = await open();
    await page.goto(`${URL_}/p/default/settings/keeping`);
    await page.getByLabel("For this project:").check();
    await page.getByLabel("Days after the last sign of life").fill("36500");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved.").waitFor();
    await page.reload();
    const days = page.getByLabel("Days after the last sign of life");
    assert.equal(await days.inputValue(), "36500");
    await days.fill("0");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("alert").waitFor();
    await context.close();
  });

  test("takes prices of its own and applies them", async () => {
    const { context, page } = await open();
    await page.goto(`${URL_}/p/default/settings/prices`);
    await page.getByRole("button", { name: "Add price" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Model", { exact: true }).fill("model-of-a-check");
    await dialog.getByLabel("US dollars").fill("0.125");
    await dialog.getByRole("button", { name: "Add price" }).click();
    const own = page.getByRole("region", { name: "Your own prices" });
    await own.getByText("$0.125 / 1M input tokens").waitFor();
    await page.getByRole("button", { name: "Apply to stored sessions" }).click();
    await page.getByText(/sessions looked at, .* now\.$/).waitFor();
    await own.getByRole("button", { name: "Remove the price of model-of-a-check" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
    await own.waitFor({ state: "detached" });
    await context.close();
  });

  test("has alerts that are tried, and a log of what they sent", async () => {
    const { context, page } = await open();
    await page.goto(`${URL_}/p/default/settings/alerts`);
    await page.getByRole("button", { name: "Create alert" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("Slow turns");
    await dialog.getByLabel("Figure").selectOption("turnLatencyMs.p95");
    await dialog.getByLabel("Threshold").fill("2500");
    // A name that can never be resolved: nothing leaves the machine.
    await dialog.getByLabel("Address").fill("https://nobody.invalid/hook");
    await dialog.getByRole("button", { name: "Create alert" }).click();
    await page.getByText("turn latency p95 (ms) > 2500 over 15 min").waitFor();
    await page.getByRole("button", { name: "Test Slow turns" }).click();
    await page.getByRole("region", { name: "Log of Slow turns" }).getByText("pending").waitFor();
    assert.match(page.url(), /log=/);
    await page.getByRole("button", { name: "Delete Slow turns" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("Slow turns").first().waitFor({ state: "detached" });
    await context.close();
  });
});

describe("the list", () => {
  test("leads from two chosen sessions to their comparison", async () => {
    const { context, page } = await open();
    await page.goto(`${URL_}/p/default/sessions`);
    const names = page.locator("a.row-link");
    await names.first().waitFor();
    await names.nth(0).click({ modifiers: ["Shift"] });
    await page.waitForURL(/pick=/);
    await names.nth(1).click({ modifiers: ["Shift"] });
    await page.getByRole("heading", { name: "Compare two sessions" }).waitFor();
    const { searchParams } = new URL(page.url());
    assert.notEqual(searchParams.get("a"), searchParams.get("b"));
    await page.getByRole("button", { name: "Swap" }).click();
    await page.waitForURL(new RegExp(`a=${searchParams.get("b")}`));
    await context.close();
  });

  test("is exported as it is filtered", async () => {
    const { context, page } = await open();
    await page.goto(`${URL_}/p/default/sessions?status=completed`);
    await page.locator("a.row-link").first().waitFor();
    await page.getByRole("button", { name: "Export" }).click();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("menuitem", { name: /CSV/ }).click(),
    ]);
    const [head, ...rows] = readFileSync(await download.path(), "utf8")
      .trim()
      .split("\r\n");
    assert.ok(head.startsWith("id,ref,agent"));
    assert.ok(rows.length > 0 && rows.every((row) => row.includes(",completed,")));
    await context.close();
  });
});
