// Looks at the pages of the running server; see browser.mjs for what it needs.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EMAIL, logIn, open, PASSWORD, URL_ } from "./browser.mjs";
import { examine } from "./examine.mjs";

const SESSION = process.env.TURNWISE_SESSION;
const TRACE = process.env.TURNWISE_TRACE;

const PAGES = {
  "log-in": { path: "/login", ready: "form", loggedIn: false },
  front: { path: "/", ready: "h1" },
  sessions: { path: "/p/default/sessions", ready: "[role=gridcell]" },
  session: { path: `/p/default/sessions/${SESSION}?turn=1`, ready: "[aria-current=true]" },
  "session, its traces": { path: `/p/default/sessions/${SESSION}?tab=trace`, ready: ".turn" },
  "session, its causes": { path: `/p/default/sessions/${SESSION}?tab=causes`, ready: ".turn" },
  compare: {
    path: `/p/default/compare?a=${SESSION}&b=${SESSION}`,
    ready: ".compare-head",
  },
  "settings, account": { path: "/p/default/settings/account", ready: "#browsers" },
  "settings, keys": { path: "/p/default/settings/keys", ready: "#settings-part" },
  "settings, intake": { path: "/p/default/settings/intake", ready: "#settings-part" },
  "settings, members": { path: "/p/default/settings/members", ready: "#settings-part" },
  "settings, keeping": { path: "/p/default/settings/keeping", ready: "#settings-part" },
  "settings, prices": { path: "/p/default/settings/prices", ready: "#settings-part" },
  "settings, integrations": { path: "/p/default/settings/integrations", ready: "#settings-part" },
  "settings, alerts": { path: "/p/default/settings/alerts", ready: "#settings-part" },
  "settings, audit": { path: "/p/default/settings/audit", ready: "#settings-part" },
  "nothing there": { path: "/p/default/nowhere", ready: ".state" },
  trace: { path: `/traces/view/${TRACE}`, ready: "[role=treegrid] [role=row]" },
  observation: {
    path: `/traces/view/${TRACE}?obs=${process.env.TURNWISE_OBSERVATION}`,
    ready: ".details [role=tabpanel]",
  },
};

examine(PAGES);

describe("the log-in", () => {
  test("refuses a wrong password and leads on to where one wanted to go", async () => {
    const { context, page } = await open({ loggedIn: false });
    await page.goto(`${URL_}/traces/view/${TRACE}`);
    await page.getByLabel("Email").fill(EMAIL);
    await page.getByLabel("Password").fill("wrong");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.locator(PAGES.trace.ready).first().waitFor();
    assert.equal(new URL(page.url()).pathname, `/p/default/traces/${TRACE}`);
    await context.close();
  });

  test("never leads to another site, and logging out ends it", async () => {
    const { context, page } = await open({ loggedIn: false });
    await logIn(page, "/login?next=//other.example/x");
    assert.equal(new URL(page.url()).origin, URL_);
    const copied = await context.cookies();
    await page.getByRole("button", { name: /account and theme/ }).click();
    await page.getByRole("menuitem", { name: "Log out" }).click();
    await page.getByLabel("Password").waitFor();
    await page.goto(`${URL_}/p/default/sessions`);
    await page.getByLabel("Password").waitFor();
    await context.close();
    // A cookie that somebody has copied before opens nothing after.
    const thief = await open({ loggedIn: false });
    await thief.context.addCookies(copied);
    assert.equal((await thief.page.request.get(`${URL_}/ui/api/me`)).status(), 401);
    await thief.page.goto(`${URL_}/p/default/sessions`);
    await thief.page.getByLabel("Password").waitFor();
    await thief.context.close();
  });
});

describe("an error", () => {
  test("quotes the request that the server's log names, whether a page or its data is missing", async () => {
    const { context, page } = await open();
    const document = page.waitForResponse((answer) => answer.url().endsWith("/nowhere"));
    await page.goto(`${URL_}/p/default/nowhere`);
    await page.getByText((await document).headers()["x-request-id"]).waitFor();
    const asked = page.waitForResponse(/\/ui\/api\/sessions\/sess_0{32}$/);
    await page.goto(`${URL_}/p/default/sessions/sess_${"0".repeat(32)}`);
    await page.getByText((await asked).headers()["x-request-id"]).waitFor();
    await page.route("**/ui/api/projects/default/faults?*", (route) =>
      route.fulfill({
        status: 500,
        headers: { "x-request-id": "request-of-a-check" },
        json: { error: "Internal error", code: "internal_error" },
      }),
    );
    await page.goto(`${URL_}/p/default/errors`);
    await page.getByRole("alert").getByText("request-of-a-check").waitFor();
    await context.close();
  });
});

describe("the list", () => {
  test("narrows by a filter that the address keeps, and opens a session by the keys", async () => {
    const { context, page } = await open();
    await page.goto(`${URL_}/p/default/sessions`);
    await page.getByRole("button", { name: "Filter" }).click();
    await page.getByRole("menuitem", { name: "Status" }).click();
    await page.getByRole("menuitemcheckbox", { name: "failed" }).click();
    await page.waitForURL(/status=failed/);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await page.reload();
    await page.getByRole("button", { name: "Remove the filter status failed" }).click();
    await page.locator(PAGES.sessions.ready).first().waitFor();
    assert.ok(!page.url().includes("status"));
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.locator(".turn").first().waitFor();
    await page.goBack();
    await page.locator(PAGES.sessions.ready).first().waitFor();
    await context.close();
  });

  test("searches what was said", async () => {
    const { context, page } = await open();
    await page.goto(`${URL_}/p/default/sessions`);
    await page.locator(PAGES.sessions.ready).first().waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("word-that-nobody-said");
    await page.getByRole("heading", { name: "No session fits" }).waitFor();
    assert.match(page.url(), /q=word-that-nobody-said/);
    await context.close();
  });
});

describe("a session", () => {
  test("moves from turn to turn by the keys, in the address and in the sound", async () => {
    const { context, page } = await open();
    await page.goto(`${URL_}/p/default/sessions/${SESSION}?turn=0`);
    await page.locator('[data-turn="0"][aria-current=true]').waitFor();
    await page
      .locator("audio")
      .evaluate(
        (audio) =>
          audio.readyState > 0 ||
          new Promise((done) => audio.addEventListener("loadedmetadata", done, { once: true })),
      );
    await page.keyboard.press("j");
    await page.waitForURL(/turn=1/);
    const at = await page.locator("audio").evaluate((audio) => audio.currentTime);
    assert.ok(Math.abs(at - Number(process.env.TURNWISE_TURN_1_SECONDS)) < 0.1, `at ${at} s`);
    await page.locator('[data-turn="1"][aria-current=true]').waitFor();
    await context.close();
  });

  test("shows what strangers wrote as text", async () => {
    const { context, page } = await open();
    let ran = false;
    await page.exposeFunction("ranFromContent", () => {
      ran = true;
    });
    await page.goto(`${URL_}/p/default/sessions/${SESSION}?tab=metadata`);
    await page.getByText("<img src=x onerror=ranFromContent()>").first().waitFor();
    assert.equal(ran, false);
    await context.close();
  });
});

describe("the theme", () => {
  test("follows the system until it is chosen, and then stays without a flash", async () => {
    const { context, page } = await open({ colorScheme: "light" });
    await page.goto(`${URL_}/p/default/sessions`);
    await page.getByRole("button", { name: /account and theme/ }).click();
    await page.getByRole("menuitemradio", { name: "Dark" }).click();
    await page.reload({ waitUntil: "commit" });
    await page.waitForFunction(() => document.body !== null);
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
    await context.close();
  });
});
