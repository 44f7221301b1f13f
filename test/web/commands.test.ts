// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import { useViewStore } from '../../src/renderer/stores/view.ts'
import { until } from './memoryLink.ts'
import { all, button, card, press, rack, text } from './page.ts'

const items = (): HTMLElement[] => all('[role="menuitem"]')
const titles = (): (string | undefined)[] => items().map((item) => item.querySelector('span')?.textContent ?? undefined)
const palette = (): HTMLInputElement | null => document.querySelector<HTMLInputElement>('dialog.palette input')
async function openMenu(name: string): Promise<void> {
  card(name).focus()
  press('F10', card(name), { shiftKey: true })
  await until('the menu', () => document.querySelector('[role="menu"]') !== null && items().includes(document.activeElement as HTMLElement))
}

test('the menu of a card opens by the keyboard, moves, says why not, and gives the focus back', async () => {
  await rack()
  await openMenu('cam-05')
  expect(document.querySelector('[role="menu"]')?.getAttribute('aria-label')).toBe('What can be done with cam-05')
  expect(titles().slice(0, 3)).toEqual(['Restore…', 'Install a release…', 'Dump'])
  const off = items().find((item) => item.textContent?.includes('Power off'))
  expect(off?.getAttribute('aria-disabled')).toBe('true')
  expect(off?.textContent).toContain('Its power is off')
  press('ArrowDown')
  await until('the second', () => document.activeElement === items()[1])
  press('End')
  await until('the last', () => document.activeElement === items().at(-1))
  press('h')
  await until('the one with this letter', () => document.activeElement?.textContent?.startsWith('History') ?? false)
  press('Escape')
  await until('no menu', () => items().length === 0)
  expect(document.activeElement).toBe(card('cam-05'))
  await openMenu('cam-05')
  press('h')
  await until('history', () => document.activeElement?.textContent?.startsWith('History') ?? false)
  press('Enter')
  await until('its panel', () => document.querySelector('aside [role="tab"][aria-selected="true"]')?.textContent === 'History')
})

test('what cuts a power is asked first, and the answer no changes nothing', async () => {
  const { fixture: { calls } } = await rack()
  const switched = (): readonly string[] => calls.filter((call) => call.startsWith('power '))
  await openMenu('cam-01')
  items().find((item) => item.textContent?.startsWith('Power off'))?.click()
  await until('the question', () => text().includes('Power off: cam-01?'))
  expect(switched()).toEqual([])
  button('Keep as it is').click()
  await until('no question', () => !text().includes('Power off: cam-01?'))
  expect(switched()).toEqual([])
  await openMenu('cam-01')
  items().find((item) => item.textContent?.startsWith('Power off'))?.click()
  await until('the question', () => text().includes('Power off: cam-01?'))
  document.querySelector<HTMLElement>('dialog button.primary')?.click()
  await until('it was asked of the workbench', () => switched().length > 0)
  expect(switched()).toEqual(['power off cam-01'])
})

test('the palette has everything: what was used last first, and why not at the end', async () => {
  await rack()
  press('k', document.body, { ctrlKey: true })
  await until('the palette', () => palette() !== null)
  const shown = (): string[] => all('dialog.palette li').map((each) => each.textContent ?? '')
  expect(shown().some((line) => line.startsWith('Restore') && line.includes('not now: Choose a camera first'))).toBe(true)
  expect(shown().findIndex((line) => line.startsWith('Jobs'))).toBeLessThan(shown().findIndex((line) => line.includes('not now')))
  press('Escape', palette() ?? document.body)
  document.querySelector('dialog.palette')?.dispatchEvent(new Event('cancel', { cancelable: true }))
  await until('no palette', () => palette() === null)
  press('3', document.body, { altKey: true, code: 'Digit3' })
  await until('jobs', () => document.querySelector('main[aria-label="Jobs"]') !== null)
  press('k', document.body, { ctrlKey: true })
  await until('the palette', () => palette() !== null)
  expect(shown()[0]).toMatch(/^Jobs/)
})

test('? shows the keys, but is typing in a field; under a dialog no key moves the window', async () => {
  await rack()
  card('cam-04').click()
  await until('the form', () => text().includes('What to restore'))
  press('?', document.querySelector('#restore-input') ?? document.body, { shiftKey: true })
  expect(document.querySelector('dialog[open]')).toBeNull()
  press('?', document.body, { shiftKey: true })
  await until('the sheet', () => document.querySelector('dialog[open]')?.getAttribute('aria-label') === 'Keys')
  expect(text()).toContain('also in a terminal, where all other keys go to the camera')
  press('3', document.body, { altKey: true, code: 'Digit3' })
  await new Promise((resolve) => { setTimeout(resolve, 20) })
  expect(document.querySelector('main[aria-label="Jobs"]')).toBeNull()
})

test('in a terminal Ctrl K belongs to the camera, Ctrl Shift K is ours', async () => {
  await rack()
  card('cam-01').click()
  await until('the panel', () => document.querySelector('aside') !== null)
  all('[role="tab"]').find((tab) => tab.textContent === 'Console')?.click()
  await until('a terminal', () => document.querySelector('.xterm-helper-textarea') !== null)
  const inside = document.querySelector('.xterm-helper-textarea') ?? document.body
  press('k', inside, { ctrlKey: true, code: 'KeyK' })
  press('Escape', inside)
  expect([palette(), document.querySelector('aside') !== null]).toEqual([null, true])
  press('K', inside, { ctrlKey: true, shiftKey: true, code: 'KeyK' })
  await until('the palette', () => palette() !== null)
})

test('a command of the application\'s menu comes as a message of our own window, and from nobody else', async () => {
  await rack()
  const send = (more: Partial<MessageEventInit>): void => { window.dispatchEvent(new MessageEvent('message', { data: { type: 'rackbench-command', id: 'view.jobs' }, origin: window.location.origin, source: window as never, ...more })) }
  send({ source: null })
  send({ origin: 'https://evil.example' })
  send({ data: { type: 'rackbench-command', id: 'no.such' } })
  send({ data: null })
  await new Promise((resolve) => { setTimeout(resolve, 20) })
  expect(document.querySelector('main[aria-label="Rack"]')).not.toBeNull()
  send({})
  await until('jobs', () => document.querySelector('main[aria-label="Jobs"]') !== null)
})

test('labelling the selected, their bundle and how much is kept are commands, too', async () => {
  await rack()
  const run = (id: string): void => { window.dispatchEvent(new MessageEvent('message', { data: { type: 'rackbench-command', id }, origin: window.location.origin, source: window as never })) }
  useViewStore().view = 'settings'
  await until('the settings of captures', () => document.querySelector('#captures-quota') !== null)
  run('captures.settings')
  await until('the field of the quota', () => document.activeElement?.closest('[aria-labelledby="set-captures"]') !== null && document.activeElement?.tagName === 'INPUT')
  // Without a selection there is nobody whom these could mean.
  run('cameras.label')
  await new Promise((resolve) => { setTimeout(resolve, 20) })
  expect(document.querySelector('main[aria-label="Settings"]')).not.toBeNull()
  useViewStore().select(['cam-02', 'cam-05'] as never)
  run('cameras.label')
  await until('the dialog', () => document.querySelector('dialog[aria-label*="abel"]') !== null)
  useViewStore().dialog = undefined
  await until('no dialog', () => document.querySelector('dialog') === null)
  run('cameras.bundle')
  await until('the bundle', () => document.querySelector('dialog[aria-label="Support bundle"]')?.textContent?.includes('of cam-02, cam-05') === true)
})

test('a command that cannot be done now is found by what it does, and says why not', async () => {
  await rack()
  press('k', document.body, { ctrlKey: true })
  await until('the palette', () => palette() !== null)
  const found = async (words: string, first: string): Promise<string> => {
    const box = palette()
    if (!box) throw new Error('no palette')
    box.value = words
    box.dispatchEvent(new Event('input', { bubbles: true }))
    const lines = (): string[] => all('dialog.palette li').map((each) => each.textContent ?? '')
    await until(`${words} to be found`, () => lines().some((line) => line.startsWith(first)))
    return lines().find((line) => line.startsWith(first)) ?? ''
  }
  expect(await found('notes', 'Details')).toContain('not now: Choose a camera first')
  expect(await found('csv', 'Export the session')).toContain('not now')
  expect(await found('roll back', 'Appliances')).toContain('add one, read it')
  expect(await found('pause', 'Pause the batch')).toContain('not now: No batch is open')
  expect(await found('identify', 'Whose power is whose')).toContain('asks first')
})

test('a pod leaves the rack by a command that asks first; one of the demo says why not', async () => {
  await rack()
  const run = (id: string): void => { window.dispatchEvent(new MessageEvent('message', { data: { type: 'rackbench-command', id }, origin: window.location.origin, source: window as never })) }
  card('cam-02').focus()
  run('camera.remove')
  await until('the question', () => all('dialog[open]').some((each) => /^Remove .*\?$/.test(each.getAttribute('aria-label') ?? '')))
  expect(text()).toContain('Nothing is switched off or written')
  button('Keep it').click()
  await until('no question', () => document.querySelector('dialog[open]') === null)
})

test('a simulated camera goes with its rack only', async () => {
  const { link } = await rack()
  await link.client.rack.openDemo({})
  const run = (): void => { window.dispatchEvent(new MessageEvent('message', { data: { type: 'rackbench-command', id: 'camera.remove' }, origin: window.location.origin, source: window as never })) }
  await until('why not', () => { card('cam-02').focus(); run(); return text().includes('cam-02 belongs to the demo rack') })
})
