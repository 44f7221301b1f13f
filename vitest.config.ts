import { availableParallelism } from 'node:os'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'
import { createCountReporter } from './test/support/countReporter.ts'

const counts = createCountReporter({
  countsFile: process.env['RACKBENCH_TEST_COUNTS'],
  inCi: process.env['CI'] === 'true',
  print: (line) => { process.stdout.write(`${line}\n`) },
  fail: () => { process.exitCode = 1 },
})

export default defineConfig({
  plugins: [vue()],
  test: {
    reporters: ['default', counts],
    // A second try in CI only, and whoever needed it is named at the end of the run (decision 0011).
    retry: process.env['CI'] === 'true' ? 1 : 0,
    // A second, which is usual, is less than a busy machine takes to start a thread or to show a page.
    expect: { poll: { timeout: 15_000 } },
    // One less than there are processors, which is vitest's own choice, leaves half of a small machine idle while tests wait.
    maxWorkers: Math.max(2, availableParallelism()),
    projects: [
      // Pure code keeps nothing between two files, and a worker of its own for each of 170 files took two thirds of their time.
      { extends: true, test: { name: 'unit', isolate: false, include: ['src/**/*.test.ts', 'test/unit/**/*.test.ts'], environment: 'node', testTimeout: 30_000 } },
      { extends: true, test: { name: 'integration', include: ['test/{contract,integration,web}/**/*.test.ts'], environment: 'node', testTimeout: 30_000, setupFiles: ['test/support/leakSetup.ts'] } },
      { extends: true, test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], environment: 'node', testTimeout: 120_000, hookTimeout: 120_000, fileParallelism: false } },
      { extends: true, test: { name: 'peers', include: ['test/peers/**/*.test.ts'], setupFiles: ['test/support/leakSetup.ts'], environment: 'node', testTimeout: 180_000, hookTimeout: 180_000, fileParallelism: false } },
    ],
  },
})
