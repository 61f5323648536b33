import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const OUT = "../src/turnwise/web";
const COMPRESSIBLE = /\.(js|css|svg)$/;

/** Writes each text file a second and third time, as the server sends them. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    closeBundle() {
      for (const entry of readdirSync(OUT, { recursive: true, encoding: "utf8" })) {
        const path = join(OUT, entry);
        if (!COMPRESSIBLE.test(entry) || !statSync(path).isFile()) continue;
        const content = readFileSync(path);
        writeFileSync(`${path}.br`, brotliCompressSync(content));
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), compressed()],
  build: { outDir: OUT, emptyOutDir: true, target: "es2022", assetsInlineLimit: 0 },
  server: {
    // The server's address while the pages are worked on; see docs/ui.md.
    proxy: Object.fromEntries(
      ["/ui/api", "/v1", "/docs", "/openapi.json"].map((path) => [
        path,
        { target: process.env.TURNWISE_URL ?? "http://127.0.0.1:8990", changeOrigin: false },
      ]),
    ),
  },
  test: { include: ["src/**/*.test.ts"] },
});
