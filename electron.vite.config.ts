import { resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'electron-vite'
import type { Plugin } from 'vite'

const here = import.meta.dirname

/** The window itself is fetched and compiled beside the little that asks the workbench for the rack. */
const fetchWindowEarly = (): Plugin => ({
  name: 'fetch-window-early',
  transformIndexHtml: {
    order: 'post',
    handler: (html, { bundle = {} }) => {
      const chunks = Object.values(bundle).flatMap((file) => (file.type === 'chunk' ? [file] : []))
      const wanted = new Set<string>()
      const add = (name: string): void => {
        const chunk = chunks.find(({ fileName }) => fileName === name)
        if (!chunk || wanted.has(name)) return
        wanted.add(name)
        for (const each of chunk.imports) add(each)
      }
      for (const { fileName, facadeModuleId } of chunks) if (facadeModuleId?.endsWith('/App.vue')) add(fileName)
      return [...wanted].filter((name) => !html.includes(name)).map((name) => ({ tag: 'link', attrs: { rel: 'modulepreload', crossorigin: true, href: `./${name}` }, injectTo: 'head' as const }))
    },
  },
})

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
    plugins: [vue(), fetchWindowEarly()],
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
