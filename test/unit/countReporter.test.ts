import { expect, test } from 'vitest'
import { countTests } from '../support/countReporter.ts'

const module = (errors: number, ...states: ('passed' | 'failed' | 'skipped' | 'pending')[]): Parameters<typeof countTests>[0][number] => ({
  errors,
  tests: states.map((state, index) => ({ name: `a.test.ts case ${index}`, state })),
})

test('a file that does not load and an error outside of tests are failures', () => {
  expect(countTests([module(1), module(0, 'passed', 'failed')], 1, false)).toMatchObject({ passed: 1, failed: 3 })
})
test('a test without an end has failed', () => {
  expect(countTests([module(0, 'pending', 'passed')], 0, false)).toMatchObject({ passed: 1, failed: 1 })
})
test('a skipped test is only counted outside of CI, and a failure inside', () => {
  expect(countTests([module(0, 'skipped', 'passed')], 0, false)).toMatchObject({ passed: 1, failed: 0, skipped: 1, wronglySkipped: [] })
  expect(countTests([module(0, 'skipped', 'passed')], 0, true)).toMatchObject({ passed: 1, failed: 1, skipped: 0, wronglySkipped: ['a.test.ts case 0'] })
})
test('the smoke test of the real Electron may be skipped in CI', () => {
  const smoke = { errors: 0, tests: [{ name: 'test/e2e/electronSmoke.test.ts the real Electron opens the workbench', state: 'skipped' as const }] }
  expect(countTests([smoke], 0, true)).toMatchObject({ failed: 0, skipped: 1 })
})

test('what passed at the second try only is named, and what failed twice is a failure', () => {
  const tests = [{ name: 'a.test.ts shaky', state: 'passed', isUnsteady: true }, { name: 'a.test.ts broken', state: 'failed', isUnsteady: true }, { name: 'a.test.ts calm', state: 'passed', isUnsteady: false }] as const
  expect(countTests([{ errors: 0, tests }], 0, true)).toMatchObject({ passed: 2, failed: 1, unsteady: ['a.test.ts shaky'] })
})
