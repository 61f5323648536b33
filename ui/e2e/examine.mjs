// What holds for every page: complaints, budget, accessibility, widths.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { open, URL_ } from "./browser.mjs";

const BUDGET_BYTES = 170 * 1024;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WIDTHS = [1440, 1024, 390];

/**
 * Checks pages by name, each with its path and with what is there once it is ready. A first load is
 * everything that a page asks for by itself, also what it fetches once it stands.
 */
export function examine(pages) {
  for (const [name, { path, ready, ...options }] of Object.entries(pages)) {
    describe(`the page ${name}`, () => {
      test("opens without a complaint, within its budget, and asks no other host", async (run) => {
        const { context, page, complaints } = await open(options);
        const scripts = [];
        const heard = (answer) => {
          if (answer.request().resourceType() === "script") scripts.push(answer.body());
        };
        page.on("response", heard);
        await page.goto(URL_ + path);
        await page.locator(ready).first().waitFor();
        await page.waitForLoadState("networkidle");
        // What comes later is no part of the first load, and may be cut off by the end.
        page.off("response", heard);
        assert.match(await page.title(), /Turnwise/);
        const sizes = (await Promise.all(scripts)).map(
          (body) => gzipSync(body, { level: 9 }).length,
        );
        const total = sizes.reduce((sum, size) => sum + size, 0);
        assert.ok(total > 0 && total <= BUDGET_BYTES, `${total} bytes of scripts`);
        assert.deepEqual(complaints, []);
        // Told and not asserted: it is as fast as the machine.
        const painted = await page.evaluate(
          () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
        );
        run.diagnostic(`${(total / 1024).toFixed(1)} KiB of scripts, seen after ${painted} ms`);
        await context.close();
      });

      test("is reached whole by the Tab key, and shows where that is", async () => {
        const { context, page } = await open(options);
        await page.goto(URL_ + path);
        await page.locator(ready).first().waitFor();
        const wanted = await page.evaluate(markControls);
        const met = new Set();
        const hidden = [];
        for (let pressed = 0; pressed < 2 * wanted.length + 40; pressed++) {
          await page.keyboard.press("Tab");
          const at = await page.evaluate(focused);
          if (at === null) continue;
          met.add(at.number);
          if (!at.isVisible) hidden.push(at.html);
          if (wanted.every(({ number }) => met.has(number))) break;
        }
        const missed = wanted.filter(({ number }) => !met.has(number));
        assert.deepEqual(
          missed.map(({ html }) => html),
          [],
          "never reached",
        );
        assert.deepEqual([...new Set(hidden)], [], "reached without a sign");
        await context.close();
      });

      test("is accessible in both themes, and fits every width", async () => {
        // The checker is a script of another origin, which the policy rightly refuses.
        const { context, page } = await open({ ...options, bypassCSP: true });
        await page.goto(URL_ + path);
        await page.locator(ready).first().waitFor();
        await page.evaluate(AXE);
        for (const colorScheme of ["light", "dark"]) {
          await page.emulateMedia({ colorScheme });
          const found = await page.evaluate(() =>
            globalThis.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] }),
          );
          const told = found.violations.map(
            (each) => `${each.id}: ${each.nodes.map((node) => node.html).slice(0, 2)}`,
          );
          assert.deepEqual(told, [], colorScheme);
        }
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 844 });
          const beyond = await page.evaluate(
            () => document.documentElement.scrollWidth - window.innerWidth,
          );
          assert.ok(beyond <= 0, `${beyond} pixels too wide at ${width}`);
        }
        await context.close();
      });
    });
  }
}

/** In the page: numbers every control that is seen and can be used, and tells of each. */
function markControls() {
  const controls = document.querySelectorAll(
    "a[href], button, input, select, textarea, summary, audio[controls], [tabindex]",
  );
  const found = [];
  for (const each of controls) {
    const isOneOfMany = each.type === "radio" && !each.checked;
    const box = each.getBoundingClientRect();
    // A list of tabs hands the focus on to the tab that is chosen.
    const handsOn = each.role === "tablist";
    if (each.disabled || each.tabIndex < 0 || isOneOfMany || handsOn) continue;
    if (!box.width || !box.height || !each.checkVisibility({ visibilityProperty: true })) continue;
    each.dataset.control = String(found.length);
    found.push({ number: found.length, html: each.outerHTML.slice(0, 160) });
  }
  return found;
}

/** In the page: which control has the focus, and whether that is to be seen. */
function focused() {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const style = getComputedStyle(at);
  const isVisible =
    (style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) > 0) ||
    style.boxShadow !== "none";
  return { number: Number(at.dataset.control ?? -1), isVisible, html: at.outerHTML.slice(0, 160) };
}
