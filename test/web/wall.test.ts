// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import App from '../../src/renderer/App.vue'
import { until } from './memoryLink.ts'
import { all, bench, button, id, press, text } from './page.ts'

const tiles = (): HTMLElement[] => all('.tile')
const tile = (name: string): HTMLElement => {
  const found = document.querySelector<HTMLElement>(`.tile[data-camera="${name}"]`)
  if (!found) throw new Error(`no tile ${name}`)
  return found
}
const click = (on: Element, more: MouseEventInit = {}): void => { on.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, ...more })) }
const put = (label: string, value: string, event = 'input'): void => {
  const field = document.querySelector<HTMLInputElement>(`[aria-label="${label}"]`)
  if (!field) throw new Error(`nothing is called ${label}`)
  field.value = value
  field.dispatchEvent(new Event(event, { bubbles: true }))
}
async function wall(cameras = 12) {
  const made = bench({ cameras })
  made.show(App)
  await until('the rack', () => all('[data-camera]').length > 0)
  button('Consoles').click()
  await until('the shapes', () => text().includes('Panes'))
  button('Wall').click()
  await until('the wall', () => tiles().length > 0)
  return made
}

test('a hundred consoles have no terminal, and only those on the screen have somebody who listens', async () => {
  const { fixture } = await wall(100)
  button('16').click()
  // One row more than fits, so that scrolling has something to show.
  await until('a screen of them', () => tiles().length === 20)
  expect(all('.xterm')).toHaveLength(0)
  expect(tile('cam-01').textContent).toContain('booted')
  await until('the history', () => tile('cam-01').querySelector('pre')?.textContent?.endsWith('login:') ?? false)
  fixture.say(id('cam-01'), 'root\r\n# ')
  await until('the new line', () => tile('cam-01').querySelector('pre')?.textContent?.endsWith('login: root\n#') ?? false)
})
test('a line that a rule met is marked on its tile in words and a shape, for as long as it is shown', async () => {
  const { fixture } = await wall(12)
  await until('the history', () => tile('cam-03').querySelector('pre')?.textContent?.endsWith('login:') ?? false)
  // What came of a rule's act is no line of the console.
  fixture.consoleTools.hit({ cameraId: id('cam-03'), ruleId: 'cycle', rule: 'Cycled', tone: 'bad', line: 'login:', atMs: 0, notify: false })
  fixture.meet(id('cam-03'), 'Kernel panic', 'bad', 'Kernel panic - not syncing: VFS')
  const mark = (): Element | null => tile('cam-03').querySelector('.hit')
  await until('the mark', () => mark() !== null)
  expect(mark()?.textContent).toBe(', marked: Kernel panic')
  expect(mark()?.querySelector('svg path')).not.toBeNull()
  expect(all('.tile .hit')).toHaveLength(1)
  fixture.say(id('cam-03'), 'another line\r\n'.repeat(80))
  await until('it has scrolled away', () => mark() === null)
})
test('Enter gives a real terminal in place and Escape, also out of it, goes back; arrows move', async () => {
  await wall()
  tile('cam-01').focus()
  press('ArrowRight')
  await until('the next tile', () => (document.activeElement as HTMLElement | null)?.dataset['camera'] === 'cam-02')
  press('ArrowLeft')
  await until('the first again', () => (document.activeElement as HTMLElement | null)?.dataset['camera'] === 'cam-01')
  press('Enter')
  await until('the terminal', () => all('.overlay .xterm').length === 1)
  await until('it has the keys', () => document.activeElement?.closest('.overlay .term') !== null)
  press('Escape')
  await until('the wall again', () => all('.xterm').length === 0)
  await until('the tile has the keys', () => (document.activeElement as HTMLElement | null)?.dataset['camera'] === 'cam-01')
})
test('words and a state choose what is on the wall', async () => {
  await wall(100)
  put('Filter by words', 'gk7205v300')
  await until('fewer', () => text().includes('13 of 100'))
  put('State', 'off', 'change')
  await until('none', () => text().includes('No camera has all of these words'))
})
test('a broadcast begins with nobody, tells who will not get it, and each camera answers for itself', async () => {
  const { fixture } = await wall()
  button('Broadcast').click()
  await until('the bar', () => text().includes('Nobody is chosen'))
  for (const name of ['cam-01', 'cam-02', 'cam-03', 'cam-11']) click(tile(name), { ctrlKey: true })
  await until('the preview', () => text().includes('3 cameras will get the line, 1 will not'))
  expect(text()).toContain('job-running has its console')
  const turn = tile('cam-03').querySelector('[data-turn]')
  if (!turn) throw new Error('no switch in the tile')
  click(turn)
  await until('cam-03 is out', () => text().includes('2 cameras will get the line, 2 will not'))
  put('Line for all of them', 'reboot')
  document.querySelector('.broadcast form')?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }))
  await until('what happened', () => text().includes('Sent to 1 camera; refused by cam-11: The console line is closed'))
  expect(fixture.calls.filter((call) => call.startsWith('type')).sort()).toEqual(['type cam-01 "reboot\\r"', 'type cam-11 "reboot\\r"'])
  button('Rack').click()
  await until('another view', () => tiles().length === 0)
  button('Consoles').click()
  await until('it is still on', () => text().includes('2 cameras will get the line'))
  button('End broadcast').click()
  await until('it ended', () => document.querySelector('.broadcast') === null && all('.tile.chosen').length === 0)
})
test('more than eight cameras are typed to only after their number', async () => {
  const { fixture } = await wall(100)
  button('Broadcast').click()
  await until('the bar', () => text().includes('Choose all shown (100)'))
  button('Choose all shown (100)').click()
  await until('the question', () => document.querySelector('[aria-label="Number of cameras"]') !== null)
  const send = (): HTMLButtonElement => button(/^Send to \d+ cameras/)
  const count = /\d+/.exec(send().textContent ?? '')?.[0] ?? ''
  put('Line for all of them', 'reboot')
  expect(send().disabled).toBe(true)
  put('Number of cameras', '7')
  document.querySelector('.broadcast form')?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }))
  put('Number of cameras', count)
  await until('it may be sent', () => !send().disabled)
  expect(fixture.calls.filter((call) => call.startsWith('type'))).toEqual([])
  document.querySelector('.broadcast form')?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }))
  await until('all of them', () => fixture.calls.filter((call) => call.startsWith('type')).length === Number(count))
})
