// A browser for the checks: needs TURNWISE_URL, _EMAIL and _PASSWORD, and CHROMIUM where it is.
import { after, before } from "node:test";
import { chromium } from "playwright-core";

export const URL_ = process.env.TURNWISE_URL;
export const EMAIL = process.env.TURNWISE_EMAIL;
export const PASSWORD = process.env.TURNWISE_PASSWORD;
const FLAGS =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking " +
  "--disable-component-update --disable-sync";

let browser;
let cookies;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: FLAGS.split(" "),
  });
  const context = await browser.newContext();
  const page = await context.newPage();
  await logIn(page, "/");
  cookies = await context.cookies();
});
after(() => browser?.close());

export async function logIn(page, from, email = EMAIL, password = PASSWORD) {
  await page.goto(URL_ + from);
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
}

/** A page whose every complaint is kept. */
export async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  if (options.loggedIn !== false) await context.addCookies(cookies);
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (line) => {
    if (["error", "warning"].includes(line.type())) complaints.push(line.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("response", (answer) => {
    if (answer.status() >= 400) complaints.push(`${answer.status()} ${answer.url()}`);
  });
  page.on("request", (request) => {
    const place = request.url();
    if (!place.startsWith(URL_) && !/^(data|blob):/.test(place)) complaints.push(`asks ${place}`);
  });
  return { context, page, complaints };
}
