import { expect, test } from 'vitest'
import { jobsAtOnceOf } from './jobsAtOnce.ts'

test('RACKBENCH_JOBS is a number from 1 to 64; without it there is none, and anything else is refused', () => {
  expect([jobsAtOnceOf({}), jobsAtOnceOf({ RACKBENCH_JOBS: '' }), jobsAtOnceOf({ RACKBENCH_JOBS: '16' })]).toEqual([undefined, undefined, 16])
  for (const text of ['0', '65', '-1', '1e1', 'many', '016 ']) expect(() => jobsAtOnceOf({ RACKBENCH_JOBS: text })).toThrow('from 1 to 64')
})
