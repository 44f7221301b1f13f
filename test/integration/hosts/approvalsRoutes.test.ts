import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { call } from '@orpc/server'
import { expect, onTestFinished, test } from 'vitest'
import { createApprovals } from '../../../src/main/composition/approvals.ts'
import { approvalsRoutes } from '../../../src/main/composition/approvalsRoutes.ts'
import type { Approval } from '../../../src/shared/doors/doors.schema.ts'
import { createVirtualClock } from '../../support/virtualClock.ts'

const hash = 'a'.repeat(64)

function openBench() {
  const folder = mkdtempSync(join(tmpdir(), 'rackbench-approvals-'))
  onTestFinished(() => { rmSync(folder, { recursive: true }) })
  const clock = createVirtualClock()
  const approvals = createApprovals(folder, clock.wallMs)
  // The command line has the same file and nothing else of ours.
  return { clock, approvals, elsewhere: createApprovals(folder, clock.wallMs), routes: approvalsRoutes(approvals, clock) }
}

test('a plan is told when it comes, when another process decides, and when its hour is over', async () => {
  const { clock, approvals, elsewhere, routes } = openBench()
  const over = new AbortController()
  onTestFinished(() => { over.abort() })
  const watch = await call(routes.watch, {}, { signal: over.signal })
  const next = async (stepMs: number): Promise<readonly Approval[] | undefined> => {
    let isTold = false
    const told = watch.next().finally(() => { isTold = true })
    for (let turn = 0; turn < 5_000 && !isTold; turn += 1) await clock.advance(stepMs)
    const result = await told
    return result.done === true ? undefined : result.value
  }
  expect(await next(0)).toEqual([])
  await approvals.ask(hash, 'Power off for cam-01')
  expect(await next(100)).toMatchObject([{ hash, words: 'Power off for cam-01', state: 'waiting' }])
  await elsewhere.decide(hash, true)
  expect(await next(100)).toMatchObject([{ hash, state: 'approved' }])
  expect(await next(60_000)).toEqual([])
})

test('a yes by the window is for one start, a no takes the plan away, and what is gone is said to be', async () => {
  const { approvals, routes } = openBench()
  await approvals.ask(hash, 'Power off for cam-01')
  expect(await call(routes.decide, { hash, isApproved: true })).toMatchObject({ state: 'approved' })
  await approvals.use(hash)
  await expect(approvals.use(hash)).rejects.toMatchObject({ code: 'input/conflict' })
  await approvals.ask(hash, 'Power off for cam-01')
  await call(routes.decide, { hash, isApproved: true })
  await call(routes.decide, { hash, isApproved: false })
  await expect(approvals.use(hash)).rejects.toMatchObject({ code: 'input/conflict' })
  await expect(call(routes.decide, { hash, isApproved: true })).rejects.toMatchObject({ code: 'input/not-found' })
})
