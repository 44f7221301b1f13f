// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import { useViewStore } from '../../src/renderer/stores/view.ts'
import { until } from './memoryLink.ts'
import { all, button, id, rack, text } from './page.ts'

async function identify(select: readonly string[] = []) {
  const made = await rack()
  made.fixture.change(id('cam-06'), (view) => ({ ...view, inventory: { labels: [], group: '', notes: '', maintenance: { sinceMs: 1, note: 'lens glued' } } }))
  if (select.length > 0) useViewStore(made.pinia).select(select.map(id))
  button('Settings').click()
  await until('the settings', () => text().includes('Export the rack'))
  button('Whose power is whose').click()
  await until('the plan', () => text().includes('Power is cut, about'))
  return made
}
const calls = (made: Awaited<ReturnType<typeof identify>>): readonly string[] => made.fixture.calls.filter((call) => /^(?:identify|assign)/.test(call))

test('what would be cut is listed, what is left out with its reason, and nothing is cut before it was agreed to', async () => {
  const made = await identify()
  const ports = all('[data-port]').map((row) => row.dataset['port'])
  expect(ports).not.toContain('cam-02')
  expect(ports).not.toContain('cam-06')
  expect(text()).toContain('cam-02it is in use by job-running')
  expect(text()).toContain('cam-06cam-06 is in maintenance: lens glued')
  const cut = button(`Cut ${String(ports.length)} ports`)
  expect(ports.length).toBeGreaterThan(8)
  expect(cut.disabled).toBe(true)
  button('Cancel').click()
  await until('closed', () => !text().includes('Power is cut'))
  expect(calls(made)).toEqual([])
})

test('each port tells whose it is, and what is crossed is stored on a word', async () => {
  const made = await identify(['cam-01', 'cam-02', 'cam-03', 'cam-04'])
  button('Cut 3 ports').click()
  await until('the result', () => text().includes('Written down wrongly'))
  expect(all('[data-port="cam-01"]')[0]?.textContent).toContain('no console told of a start')
  expect(all('[data-port="cam-03"]')[0]?.textContent).toContain('it feeds cam-04')
  expect(text()).toContain('the port of cam-03 feeds cam-04; the port of cam-04 feeds cam-03')
  button('Store it').click()
  await until('stored', () => text().includes('Stored: each camera has the port that feeds it'))
  // Exactly the ports that were shown, and only what differs.
  expect(calls(made)).toEqual(['identify cam-01 cam-03 cam-04', 'assign cam-03>cam-04 cam-04>cam-03'])
})
