// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import { until } from './memoryLink.ts'
import { all, button, fill, rack, text } from './page.ts'

async function compare(first: string, second: string): Promise<void> {
  fill('First', first)
  fill('Second', second)
  const start = (): HTMLButtonElement => all('main.compare button[type="submit"]')[0] as HTMLButtonElement
  await until('it may start', () => !start().disabled)
  start().click()
}

test('two dumps: a picture of the sectors to scale, partitions with their first difference, variables with secrets left out', async () => {
  await rack()
  button('Compare').click()
  await until('the form', () => text().includes('Two dumps of the same camera'))
  await compare('/backups/before', '/backups/after')
  await until('the result', () => all('section[aria-label="Differences"]').length === 1)
  const map = document.querySelector('svg.map')
  expect(map?.getAttribute('viewBox')).toBe('0 0 256 8')
  expect(map?.getAttribute('aria-label')).toBe('256 sectors of 64 KiB')
  const runs = [...map?.querySelectorAll('rect') ?? []]
  // Every sector is in the picture once, and each run says in words what it is.
  expect(runs.reduce((sum, run) => sum + Number(run.getAttribute('width')), 0)).toBe(256)
  expect(runs.map((run) => run.getAttribute('class'))).toEqual(['same', 'different', 'same', 'different', 'same', 'blank'])
  for (const run of runs) expect(run.textContent).toMatch(/^\s*0x[0-9a-f]+: .* \w+/)
  const rows = all('section[aria-label="Differences"] tbody tr').map((row) => row.textContent?.replace(/\s+/g, ' ').trim() ?? '')
  expect(rows.find((row) => row.startsWith('kernel'))).toMatch(/different.*31.*0x050004$/)
  expect(rows.find((row) => row.startsWith('boot'))).toContain('same')
  expect(rows.find((row) => row.startsWith('wlanpass'))).toContain('secret, not shown')
  expect(rows.find((row) => row.startsWith('osmem'))).toMatch(/^osmem ?not there ?64M$/)
})

test('a dump that is not there is told in words, and no picture of it stands there', async () => {
  await rack()
  button('Compare').click()
  await until('the form', () => text().includes('Two dumps of the same camera'))
  await compare('/missing', '/backups/after')
  await until('the error', () => text().includes('There is no file or folder /missing'))
  expect(all('section[aria-label="Differences"]')).toEqual([])
})
