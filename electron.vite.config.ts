import { resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'electron-vite'

const here = import.meta.dirname

export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      // Hundreds of small files that every start needs.
      externalizeDeps: { exclude: ['zod', 'yaml', '@orpc/server', '@orpc/client', '@orpc/contract'] },
      rollupOptions: {
        input: {
          index: resolve(here, 'src/main/hosts/electron/main.ts'),
          cli: resolve(here, 'src/main/hosts/cli/main.ts'),
          // What `rackbench serve` runs once there is a page to serve: one file is read sooner than hundreds.
          web: resolve(here, 'src/main/hosts/web/main.ts'),
          // Threads are started by file name, so each is a file of its own.
          'capture-index': resolve(here, 'src/main/drivers/storage/captureIndex/indexWorker.ts'),
          'capture-search': resolve(here, 'src/main/drivers/storage/captureIndex/searchWorker.ts'),
          'console-patterns': resolve(here, 'src/main/drivers/patterns/patternWorker.ts'),
          redact: resolve(here, 'src/main/drivers/storage/redaction/redactWorker.ts'),
        },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      rollupOptions: {
        input: { index: resolve(here, 'src/preload/index.ts') },
        // A sandboxed preload script must be CommonJS.
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: resolve(here, 'src/renderer'),
    plugins: [vue()],
    build: {
      outDir: resolve(here, 'out/renderer'),
      emptyOutDir: true,
      minify: true,
      // One sheet in one order, whichever part of the window is opened first.
      cssCodeSplit: false,
      // The content policy allows fonts and styles from our own address only, and no data: fonts.
      assetsInlineLimit: 0,
      rollupOptions: { input: resolve(here, 'src/renderer/index.html') },
    },
  },
})
