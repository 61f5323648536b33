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

/** Checks pages by name, each with its path and with what is there once it is ready. */
export function examine(pages) {
  for (const [name, { path, ready }] of Object.entries(pages)) {
    describe(`the page ${name}`, () => {
      test("opens without a complaint, within its budget, and asks no other host", async () => {
        const { context, page, complaints } = await open();
        const scripts = [];
        const heard = (answer) => {
          if (answer.request().resourceType() === "script") scripts.push(answer.body());
        };
        page.on("response", heard);
        await page.goto(URL_ + path);
        await page.locator(ready).first().waitFor();
        // What comes later is no part of the first load, and may be cut off by the end.
        page.off("response", heard);
        assert.match(await page.title(), /Turnwise/);
        const sizes = (await Promise.all(scripts)).map(
          (body) => gzipSync(body, { level: 9 }).length,
        );
        const total = sizes.reduce((sum, size) => sum + size, 0);
        assert.ok(total > 0 && total <= BUDGET_BYTES, `${total} bytes of scripts`);
        assert.deepEqual(complaints, []);
        await context.close();
      });

      test("is accessible in both themes, and fits every width", async () => {
        // The checker is a script of another origin, which the policy rightly refuses.
        const { context, page } = await open({ bypassCSP: true });
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
