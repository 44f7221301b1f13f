// @vitest-environment happy-dom
import axe from 'axe-core'
import { expect, test } from 'vitest'
import { until } from './memoryLink.ts'
import { all, button, fill, press, rack, text } from './page.ts'

const box = (label: string): HTMLInputElement => {
  const found = document.querySelector<HTMLInputElement>(`input[aria-label="${label}"]`)
  if (!found) throw new Error(`no box ${label}`)
  return found
}
function type(label: string, words: string): void {
  const input = box(label)
  input.value = words
  input.dispatchEvent(new Event('input', { bubbles: true }))
}
const found = (): HTMLElement[] => all('[aria-label="Found lines"] [role="option"]')
const lines = (): HTMLElement[] => all('[aria-label="Lines of the session"] [role="option"]')
const shown = (): string => lines().map((line) => line.textContent ?? '').join('\n')

async function captures() {
  const made = await rack()
  button('Captures').click()
  await until('the view', () => document.querySelector('main.captures') !== null)
  await until('what is kept', () => text().includes('8.2 GiB of 20 GiB'))
  return made
}
async function search(words: string, isPattern = false): Promise<void> {
  if (isPattern) { button('Pattern').click(); await until('patterns', () => document.querySelector('input[aria-label="Pattern to search for"]') !== null) }
  type(isPattern ? 'Pattern to search for' : 'Words to search for', words)
  box(isPattern ? 'Pattern to search for' : 'Words to search for').form?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }))
}
async function reader(words: string) {
  const made = await captures()
  await search(words)
  await until('a line', () => found().length > 0)
  found()[0]?.click()
  await until('the session', () => lines().length > 5 && document.querySelector('.count')?.textContent?.includes('line') === true)
  return made
}

test('a line is found in everything that was said, and a click opens its session at that place', async () => {
  const { fixture } = await reader('segfault')
  expect(found()[0]?.querySelector('mark')?.textContent).toBe('segfault')
  const here = lines().find((line) => line.getAttribute('aria-selected') === 'true')
  expect(here?.textContent).toContain('segfault at 0')
  expect(here?.querySelector('mark')?.textContent).toBe('segfault')
  // Both directions in words, and gaps as gaps.
  expect(shown()).toContain('typedroot')
  expect(shown()).toContain('the line is back after 8.3 s')
  expect(shown()).toContain('18 KiB came and were not kept')
  // Ranges, never the whole.
  const sizes = fixture.calls.filter((call) => call.startsWith('read ')).map((call) => Number(call.slice(5)))
  expect(sizes.length).toBeGreaterThan(0)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(65_536)
})
test('what a camera sends is text and nothing else', async () => {
  await reader('kernel panic')
  expect(shown()).toContain('^[[1;31mKernel panic^[[0m')
  // eslint-disable-next-line no-control-regex -- none of these may reach the page
  expect(document.body.textContent).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/)
})
test('only the rows on the screen are drawn, and keys move through the lines', async () => {
  await reader('kernel panic')
  expect(document.querySelector('.count')?.textContent).toBe('120 lines')
  expect(lines().length).toBeLessThan(80)
  expect(found().length).toBeLessThan(80)
  const list = document.querySelector('[aria-label="Found lines"]') as Element
  press('ArrowDown', list)
  await until('the second', () => list.getAttribute('aria-activedescendant') === 'found-1')
  press('ArrowDown', list)
  await until('the third is active', () => list.getAttribute('aria-activedescendant') === 'found-2')
  press('Enter', list)
  await until('the third', () => found()[2]?.getAttribute('aria-selected') === 'true')
})
test('a search that was stopped, an index that is made again and a wrong pattern say so', async () => {
  await captures()
  await search('rebuilt')
  await until('the note', () => text().includes('still being made'))
  expect(text()).toContain('Nothing found')
  expect(text()).toContain('No line has all of these words')
  await search('slow', true)
  await until('the limit', () => text().includes('stopped by its time limit'))
  expect(button('Go on')).toBeDefined()
  await search('(a', true)
  await until('the refusal', () => text().includes('This is no pattern'))
})
test('sessions are listed with their state, filtered, and opened', async () => {
  await captures()
  all('[data-tab="sessions"]')[0]?.click()
  await until('the list', () => text().includes('43 of 43'))
  const rows = (): HTMLElement[] => all('[aria-label="Sessions"] [role="option"]')
  expect(rows().slice(0, 3).map((row) => row.querySelector('.mark')?.textContent?.trim())).toEqual(['open', 'closed', 'lost tail'])
  type('Filter sessions', 'cam-09')
  await until('fewer', () => text().includes('4 of 43'))
  rows()[0]?.click()
  await until('its end', () => shown().includes('up to a second may be missing'))
})
test('times are absolute, since the start, or since the line before; bytes show as hex', async () => {
  await reader('segfault')
  expect(lines()[0]?.textContent).toMatch(/\d\d:\d\d:\d\d\.\d{3}/)
  button('Since start').click()
  await until('relative times', () => lines()[1]?.textContent?.includes('+0.220') ?? false)
  button('Delta').click()
  await until('deltas', () => lines()[2]?.textContent?.includes('+0.180') ?? false)
  button('Hex').click()
  await until('bytes', () => shown().includes('55 2d 42 6f 6f 74 20 32'))
})
test('replay begins where the reader stands and ends with everything shown', async () => {
  await reader('segfault')
  const count = lines().length
  lines()[1]?.click()
  await until('the place', () => lines()[1]?.getAttribute('aria-selected') === 'true')
  button('Play from here').click()
  await until('what is later is hidden', () => lines().length < count)
  button('max').click()
  await until('the end', () => lines().length === count && document.querySelector('[aria-label="Play from here"]') !== null)
  button('Show all').click()
  await until('no replay', () => button('Show all').disabled)
})
test('the time line has what the camera drew, and its watts at the place', async () => {
  await reader('segfault')
  await until('the line of watts', () => document.querySelector('.replay .bar path.drawn') !== null)
  expect(document.querySelector('.replay .bar svg')?.getAttribute('aria-label')).toContain('what it drew is a line')
  expect(document.querySelector('code.watts')?.textContent).toMatch(/^\d\.\d W$/)
})
test('a marked stretch is exported, and the path is told; a file that is there is not overwritten', async () => {
  const { fixture } = await reader('segfault')
  lines()[0]?.click()
  await until('a beginning', () => lines()[0]?.getAttribute('aria-selected') === 'true')
  lines()[2]?.dispatchEvent(new MouseEvent('click', { bubbles: true, shiftKey: true }))
  await until('three lines', () => lines().filter((line) => line.getAttribute('aria-selected') === 'true').length === 3)
  button('Export').click()
  await until('the dialog', () => document.querySelector('dialog') !== null)
  button('CSV').click()
  const write = (): void => { all('dialog .foot button').at(-1)?.click() }
  fill('File on the machine', '/there.csv')
  write()
  await until('the refusal', () => text().includes('nothing is overwritten'))
  fill('File on the machine', '')
  write()
  await until('the path', () => text().includes('exports/cam-01.csv'))
  expect(fixture.calls.filter((call) => call.startsWith('export'))).toEqual(['export csv 361', 'export csv 361'])
})
test('no serious finding of axe on a search, a session and the list of sessions', async () => {
  const serious = async (): Promise<string[]> => (await axe.run(document.body, { rules: { 'color-contrast': { enabled: false } } })).violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`)
  await reader('segfault')
  expect(await serious()).toEqual([])
  all('[data-tab="sessions"]')[0]?.click()
  await until('the list', () => text().includes('43 of 43'))
  expect(await serious()).toEqual([])
})
