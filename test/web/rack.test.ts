// @vitest-environment happy-dom
import axe from 'axe-core'
import { expect, test } from 'vitest'
import { useBroadcastStore } from '../../src/renderer/stores/broadcast.ts'
import { until } from './memoryLink.ts'
import { all, button, card, id, press, rack, text } from './page.ts'

const names = (): readonly (string | undefined)[] => all('[data-camera]').map((one) => one.dataset['camera'])
const chosen = (): readonly (string | undefined)[] => all('[data-camera][aria-selected="true"]').map((one) => one.dataset['camera'])
const click = (name: string, how: MouseEventInit = {}): void => { card(name).dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, ...how })) }
function type(label: string, value: string): void {
  const input = document.querySelector<HTMLInputElement>(`input[aria-label="${label}"]`)
  if (!input) throw new Error(`no field ${label}`)
  input.value = value
  input.dispatchEvent(new Event('input', { bubbles: true }))
}

test('nothing is chosen from the start, and nothing can be done with nothing', async () => {
  await rack()
  expect(chosen()).toEqual([])
  expect(text()).toContain('Nothing selected')
  for (const name of ['Power on', 'Power off', 'Cycle', 'Restore', 'Dump', 'Label', 'Bundle', 'Terminals', 'Broadcast', 'Clear']) expect(button(name).disabled).toBe(true)
})
test('Ctrl adds one, Shift takes a range, all shown are those that are shown, and what is hidden is said', async () => {
  await rack()
  click('cam-02', { ctrlKey: true })
  click('cam-05', { shiftKey: true })
  await until('a range', () => chosen().length === 4)
  expect(chosen()).toEqual(['cam-02', 'cam-03', 'cam-04', 'cam-05'])
  click('cam-03', { ctrlKey: true })
  await until('one less', () => text().includes('3 selected'))
  type('Show only cameras with these words', 'pod-3')
  await until('the filter', () => names().length === 4)
  expect(text()).toContain('4 of 12')
  expect(text()).toContain('3 selected, 3 of them not shown')
  button('Select all shown').click()
  await until('the shown ones', () => text().includes('4 selected'))
  expect(chosen()).toEqual(['cam-09', 'cam-10', 'cam-11', 'cam-12'])
  type('Show only cameras with these words', 'nobody')
  await until('words', () => text().includes('No camera has these words and this state.'))
})
test('plus and minus go through the steps, which are remembered; each card stays one card', async () => {
  await rack()
  card('cam-01').focus()
  for (const step of ['normal', 'compact', 'dots', 'dots']) {
    press('-', document.querySelector('[role="listbox"]') ?? document.body)
    await until(step, () => localStorage.getItem('rackbench-zoom') === step)
    expect(new Set(names()).size).toBe(names().length)
  }
  expect(card('cam-04').textContent).toContain('3 alarms')
  press('+', document.querySelector('[role="listbox"]') ?? document.body)
  await until('closer', () => localStorage.getItem('rackbench-zoom') === 'compact')
})
test('a card tells firmware, lock, alarms and why there is no picture', async () => {
  await rack()
  expect(card('cam-01').textContent).toContain('OpenIPC 2.5.11.02')
  // Once: a number that stands there twice is looked for twice.
  expect(card('cam-04').textContent?.match(/3 alarms/g)).toHaveLength(1)
  expect(card('cam-04').textContent).toContain('The camera does not answer within 4 s')
  expect(card('cam-05').textContent).toContain('power off')
  expect(card('cam-02').textContent).toContain('held by job-running')
  // Without an address its console stands there.
  expect(card('cam-11').querySelector('.tail')).not.toBeNull()
})
test('the elevation has racks, rows and what is not placed; the choice goes with it', async () => {
  await rack()
  click('cam-06', { ctrlKey: true })
  button('Elevation').click()
  await until('the elevation', () => text().includes('Not placed: 2 cameras, by pod'))
  expect(text()).toContain('Rack A10 cameras')
  expect(chosen()).toEqual(['cam-06'])
  card('cam-01').focus()
  press('ArrowDown')
  await until('one row down', () => document.activeElement === card('cam-05'))
})
test('switching many: the pause is set, above eight their number is typed, each tells its end', async () => {
  const { fixture } = await rack()
  button('Select all shown').click()
  await until('all', () => text().includes('12 selected'))
  button('Cycle').click()
  await until('the question', () => text().includes('These are 12 cameras'))
  expect(button('Power cycle 12').disabled).toBe(true)
  type('Number of cameras', '11')
  await until('still not', () => button('Power cycle 12').disabled)
  type('Number of cameras', '12')
  await until('it may', () => !button('Power cycle 12').disabled)
  type('Pause in milliseconds', '-5')
  await until('not with this', () => button('Power cycle 12').disabled)
  type('Pause in milliseconds', '500')
  await until('with this', () => !button('Power cycle 12').disabled)
  button('Power cycle 12').click()
  await until('all ends', () => text().includes('12 of 12 answered'))
  expect(fixture.calls).toContain('many cycle 12 every 500 confirm 12')
  expect(document.querySelector('[data-many="cam-02"]')?.textContent).toContain('left alone')
  expect(document.querySelector('[data-many="cam-07"]')?.textContent).toContain('failed')
})
test('broadcast hands the chosen ones to the consoles', async () => {
  await rack()
  click('cam-01', { ctrlKey: true })
  click('cam-04', { ctrlKey: true })
  await until('two', () => text().includes('2 selected'))
  button('Broadcast').click()
  await until('the consoles', () => document.querySelector('main[aria-label="Consoles"]') !== null)
  await until('the wall and who gets the line', () => document.querySelector('[aria-label="Line for all of them"]') !== null)
  expect([...useBroadcastStore().chosen]).toEqual(['cam-01', 'cam-04'])
})
test('the power tab plots what a camera drew, and says where nobody measures it', async () => {
  await rack()
  click('cam-01')
  await until('the panel', () => document.querySelector('aside') !== null)
  document.querySelector<HTMLElement>('[data-tab="power"]')?.click()
  await until('the plot', () => document.querySelector('figure[aria-label="Watts over time"]') !== null)
  expect(document.querySelector('figure[aria-label="Watts over time"]')?.textContent).toMatch(/least \d\.\d W · mean \d\.\d W · most \d\.\d W/)
  click('cam-07')
  await until('words', () => text().includes('does not measure what it draws'))
})
test('the address of a picture is set in the panel, and a wrong one is refused there', async () => {
  const { fixture } = await rack()
  click('cam-11')
  await until('the panel', () => document.querySelector('aside') !== null)
  document.querySelector<HTMLElement>('[data-tab="power"]')?.click()
  await until('the field', () => document.getElementById('picture-cam-11') !== null)
  const input = document.getElementById('picture-cam-11') as HTMLInputElement
  const enter = (value: string): void => { input.value = value; input.dispatchEvent(new Event('input', { bubbles: true })) }
  enter('ftp://x/image.jpg')
  await until('words', () => text().includes('It begins with http:// and has no user name or password'))
  expect(button('Save').disabled).toBe(true)
  enter('http://10.0.0.9/image.jpg')
  await until('it may', () => !button('Save').disabled)
  // News of the rack come four times a second, and what is being typed stays.
  fixture.change(id('cam-11'), (view) => ({ ...view, lastLine: 'news of it' }))
  await until('the news', () => text().includes('news of it'))
  expect(input.value).toBe('http://10.0.0.9/image.jpg')
  button('Save').click()
  await until('the call', () => fixture.calls.includes('picture cam-11 http://10.0.0.9/image.jpg'))
  await until('its card', () => fixture.cameras().get(id('cam-11'))?.view.picture !== undefined && card('cam-11').querySelector('.picture') !== null)
})
test('no serious finding of axe on the elevation, dots and the question of power', async () => {
  await rack()
  const serious = async (): Promise<readonly string[]> => {
    const { violations } = await axe.run(document.body, { rules: { 'color-contrast': { enabled: false } } })
    return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id: rule, nodes }) => `${rule}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`)
  }
  button('Elevation').click()
  await until('the elevation', () => text().includes('Not placed'))
  expect(await serious()).toEqual([])
  button('Dots').click()
  await until('dots', () => document.querySelector('.dot') !== null)
  expect(await serious()).toEqual([])
  button('Select all shown').click()
  await until('all', () => text().includes('12 selected'))
  button('Power on').click()
  await until('the question', () => text().includes('These are 12 cameras'))
  expect(await serious()).toEqual([])
})
test('a filter gets a name, is shown again by it, also out of the palette, and goes; what shows all takes words and state away', async () => {
  const { fixture } = await rack()
  type('Show only cameras with these words', 'pod-3')
  await until('the filter', () => names().length === 4)
  button('Filters').click()
  await until('those that are there', () => text().includes('QA, not booted') && text().includes('Name for what the rack shows now'))
  expect((await axe.run(document.querySelector('dialog') as Element, { rules: { 'color-contrast': { enabled: false } } })).violations.map(({ id }) => id)).toEqual([])
  const name = document.querySelector<HTMLInputElement>('#filter-name')
  expect(button('Save').disabled).toBe(true)
  name!.value = 'Third pod'
  name!.dispatchEvent(new Event('input', { bubbles: true }))
  await until('a name', () => !button('Save').disabled)
  button('Save').click()
  await until('the dialog is gone', () => document.querySelector('dialog[open]') === null)
  expect(fixture.calls).toContain('filter Third pod pod-3')
  await until('its name beside the count', () => text().includes('Third pod: 4 of 12'))

  press('k', document.body, { ctrlKey: true })
  await until('the palette', () => document.querySelector('[role="combobox"]') !== null)
  const box = document.querySelector<HTMLInputElement>('[role="combobox"]')!
  box.value = 'show all cameras'
  box.dispatchEvent(new Event('input', { bubbles: true }))
  await until('the command', () => all('#palette-list [role="option"]')[0]?.textContent?.includes('Show all cameras') === true)
  press('Enter', box)
  await until('all of them', () => names().length === 12 && !text().includes('Third pod:'))

  press('k', document.body, { ctrlKey: true })
  await until('the palette', () => document.querySelector('[role="combobox"]') !== null)
  const again = document.querySelector<HTMLInputElement>('[role="combobox"]')!
  again.value = 'third pod'
  again.dispatchEvent(new Event('input', { bubbles: true }))
  await until('the filter by its name', () => all('#palette-list [role="option"]')[0]?.textContent?.includes('saved filter') === true)
  press('Enter', again)
  await until('its cameras', () => names().length === 4)

  button('Filters').click()
  await until('the list', () => document.querySelector('[aria-label="Delete Third pod"]') !== null)
  button('Delete Third pod').click()
  await until('it is gone', () => document.querySelector('[aria-label="Delete Third pod"]') === null)
  expect(fixture.calls).toContain('filter gone Third pod')
})
