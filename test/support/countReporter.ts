import { appendFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

/**
 * The only tests that may be skipped in CI, by full name. Electron's binary comes from a host that a build machine need not
 * reach; everything else that is missing there is a broken set-up, and a skipped proof is none.
 */
export const mayBeSkippedInCi: readonly RegExp[] = [/^test\/e2e\/electronSmoke\.test\.ts the real Electron /]

export interface TestCounts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** Full names of what was skipped and should not have been; these are among `failed`. */
  readonly wronglySkipped: readonly string[]
  /** Full names of what passed at the second try only. */
  readonly unsteady: readonly string[]
}

export interface CountedModule {
  /** Errors outside of tests: a file that does not load, a failed hook. */
  readonly errors: number
  readonly tests: readonly { readonly name: string; readonly state: 'passed' | 'failed' | 'skipped' | 'pending'; readonly isUnsteady?: boolean }[]
}

export function countTests(modules: readonly CountedModule[], unhandledErrors: number, inCi: boolean): TestCounts {
  const tests = modules.flatMap((each) => each.tests)
  const having = (state: string): number => tests.filter((each) => each.state === state).length
  const skipped = tests.filter(({ state }) => state === 'skipped').map(({ name }) => name)
  const wronglySkipped = inCi ? skipped.filter((name) => !mayBeSkippedInCi.some((allowed) => allowed.test(name))) : []
  const errors = modules.reduce((sum, each) => sum + each.errors, 0)
  return {
    passed: having('passed'),
    // A test that never came to an end has not passed either.
    failed: having('failed') + having('pending') + errors + unhandledErrors + wronglySkipped.length,
    skipped: skipped.length - wronglySkipped.length,
    wronglySkipped,
    unsteady: tests.filter(({ state, isUnsteady }) => state === 'passed' && isUnsteady === true).map(({ name }) => name),
  }
}

const counted = (module: TestModule): CountedModule => ({
  errors: [...module.children.allSuites()].reduce((sum, suite) => sum + suite.errors().length, module.errors().length),
  tests: [...module.children.allTests()].map((each) => ({ name: `${module.relativeModuleId} ${each.fullName}`, state: each.result().state, isUnsteady: each.diagnostic()?.flaky === true })),
})

export interface CountReporterOptions {
  /** Gets one line of JSON (`TestCounts`) for each run, so that several runs can be summed. */
  readonly countsFile: string | undefined
  readonly inCi: boolean
  readonly print: (line: string) => void
  /** Called when a run is bad though no test failed by itself. */
  readonly fail: () => void
}

/** Ends every run with `N passed, N failed` alone on a line. */
export function createCountReporter({ countsFile, inCi, print, fail }: CountReporterOptions): Reporter {
  return {
    onTestRunEnd: (modules, unhandledErrors) => {
      const counts = countTests(modules.map(counted), unhandledErrors.length, inCi)
      if (countsFile !== undefined) appendFileSync(countsFile, `${JSON.stringify(counts)}\n`)
      for (const name of counts.wronglySkipped) print(`skipped, which CI does not allow: ${name}`)
      for (const name of counts.unsteady) print(`passed at the second try only: ${name}`)
      if (counts.skipped > 0) print(`${counts.skipped} skipped`)
      print(`${counts.passed} passed, ${counts.failed} failed`)
      if (counts.failed > 0) fail()
    },
  }
}
