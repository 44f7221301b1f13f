// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import { useViewStore } from '../../src/renderer/stores/view.ts'
import { until } from './memoryLink.ts'
import { all, button, fill, id, rack, text } from './page.ts'

async function many(work: 'Restore' | 'Dump', cameras: readonly string[]) {
  const made = await rack({ queues: true })
  useViewStore(made.pinia).select(cameras.map(id))
  await until('the toolbar', () => text().includes(`${String(cameras.length)} selected`))
  button(work).click()
  await until('the dialog', () => text().includes(`${work} ${String(cameras.length)} cameras`))
  return made
}
const row = (name: string): string => all('dialog tr').find((one) => one.textContent?.includes(name))?.textContent?.trim() ?? ''
const calls = ({ fixture }: Awaited<ReturnType<typeof many>>, what: RegExp): readonly string[] => fixture.calls.filter((call) => what.test(call)).sort()

test('many restores wait for their turn, each says how it stands, and those that have not begun are cancelled together', async () => {
  const made = await many('Restore', ['cam-01', 'cam-03', 'cam-04'])
  fill('What to restore onto each of them', '/home/lab/backups/ev300-2026-11')
  await until('plans can be made', () => !button('Make plans').disabled)
  button('Make plans').click()
  await until('all are ready', () => text().includes('Erase and restore 3'))
  expect(calls(made, /^start/)).toEqual([])
  button('Erase and restore 3').click()
  await until('they wait', () => text().includes('Cancel 3 queued'))
  expect(calls(made, /^start/)).toEqual(['start job-restore-cam-01', 'start job-restore-cam-03', 'start job-restore-cam-04'])
  expect(row('cam-01')).toContain('queuedbegins when another one has ended')
  made.fixture.queue.move(id('cam-01'), 'running')
  made.fixture.queue.move(id('cam-03'), 'failed')
  await until('one waits', () => text().includes('Cancel 1 queued'))
  expect([row('cam-01'), row('cam-03')]).toEqual([expect.stringMatching(/started$/), expect.stringContaining('failedits panel says why')])
  // What runs is not cancelled from here.
  button('Cancel 1 queued').click()
  await until('cancelled', () => row('cam-04').endsWith('cancelled'))
  expect(calls(made, /^cancel/)).toEqual(['cancel job-restore-cam-04'])
  expect(text()).not.toContain('queued')
})

test('many dumps: one that is refused hides no other, and the rest wait for their turn', async () => {
  const made = await many('Dump', ['cam-01', 'cam-09', 'cam-04'])
  fill('Folder that gets one folder for each of them', '/dumps/')
  await until('plans can be made', () => !button('Make plans').disabled)
  button('Make plans').click()
  await until('two are ready', () => text().includes('Dump 2'))
  expect(row('cam-09')).toContain('refused/dumps/cam-09 is there already')
  expect(row('cam-01')).toContain('into /dumps/cam-01')
  button('Dump 2').click()
  await until('they wait', () => text().includes('Cancel 2 queued'))
  expect(calls(made, /^start/)).toEqual(['start job-dump-cam-01', 'start job-dump-cam-04'])
  made.fixture.queue.move(id('cam-01'), 'succeeded')
  await until('one is done', () => row('cam-01').endsWith('done'))
  button('Cancel 1 queued').click()
  await until('cancelled', () => row('cam-04').endsWith('cancelled'))
  expect(calls(made, /^cancel/)).toEqual(['cancel job-dump-cam-04'])
  expect(row('cam-09')).toContain('refused')
})
