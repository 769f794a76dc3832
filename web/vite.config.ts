import { defineConfig } from "vitest/config";

// `npm run dev` serves the sources; everything else comes from a running `tmsim serve --token dev`.
const server = process.env.TMSIM_SERVER ?? "http://127.0.0.1:8642";

export default defineConfig({
  build: {
    outDir: "../src/tmsim/web/static",
    emptyOutDir: true,
    // The bundle carries the work of others, and so their licences.
    license: { fileName: "licences.md" },
    // No inlined files: the page's content policy allows what the server itself hands out.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 3000,
  },
  server: {
    proxy: {
      "/api": {
        target: server,
        ws: true,
        changeOrigin: true,
        headers: { authorization: `Bearer ${process.env.TMSIM_TOKEN ?? "dev"}`, origin: server },
      },
    },
  },
  test: { include: ["src/**/*.test.ts"] },
});
