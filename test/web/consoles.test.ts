// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import { nextTick } from 'vue'
import App from '../../src/renderer/App.vue'
import TerminalPane from '../../src/renderer/ui/TerminalPane.vue'
import { cameraIdSchema, jobIdSchema } from '../../src/shared/devices/ids.ts'
import { until } from './memoryLink.ts'
import { all, bench, button, card, id, rack, text } from './page.ts'

async function consoleOf(name: string) {
  const made = bench()
  const shown = made.show(App)
  await until('the rack', () => all('[data-camera]').length > 0)
  card(name).click()
  await until('the panel', () => all('[data-tab="console"]').length === 1)
  all('[data-tab="console"]')[0]?.click()
  await until('the console', () => all('.console .term').length === 1)
  const type = (what: string): void => { shown.findComponent(TerminalPane).vm.$emit('typed', what) }
  return { ...made, shown, type }
}

test('what is typed goes to the camera, in order', async () => {
  const { fixture, type } = await consoleOf('cam-01')
  type('ro')
  type('ot')
  type('\r')
  await until('three calls', () => fixture.calls.length === 3)
  expect(fixture.calls).toEqual(['type cam-01 "ro"', 'type cam-01 "ot"', 'type cam-01 "\\r"'])
})
test('a lent console says to whom, takes no keys, and a refusal is shown where it happened', async () => {
  const { shown, type } = await consoleOf('cam-02')
  expect(document.querySelector('.console header')?.textContent).toContain('lent to job-running')
  expect(shown.findComponent(TerminalPane).props('readOnly')).toBe(true)
  type('x')
  await until('the refusal', () => text().includes('Wait for the job, or cancel it.'))
})
test('skipped bytes are counted where they are missing', async () => {
  const { fixture } = await consoleOf('cam-01')
  await until('it is watched', () => fixture.cameras().size === 12)
  fixture.skip(id('cam-01'), 512)
  await until('the count', () => document.querySelector('.console header')?.textContent?.includes('512 B skipped') ?? false)
})
test('several consoles stand side by side, and leave no watch behind', async () => {
  await rack()
  button('Consoles').click()
  await until('the list', () => all('.consoles .list button').length === 12)
  for (const name of ['cam-01', 'cam-02', 'cam-03']) all('.consoles .list button').find((one) => one.textContent?.includes(name))?.click()
  await until('three panes', () => all('.panes .term').length === 3)
  button('Close the console of cam-02').click()
  await until('two panes', () => all('.panes .term').length === 2)
})
test('a camera forgets a job that went well; the panel goes on showing its verdict', async () => {
  const { fixture } = await rack()
  const job = jobIdSchema.parse('job-running')
  card('cam-02').click()
  await until('the run', () => text().includes('writing 60 %'))
  fixture.jobs.add(job, { type: 'job-succeeded', verdict: 'restored and booted', elapsedMs: 71_000 })
  fixture.change(cameraIdSchema.parse('cam-02'), ({ job: _, ...rest }) => ({ ...rest, life: 'booted', lifeNote: 'login:', console: 'open' }))
  await until('the verdict', () => document.querySelector('.verdict h3')?.textContent === 'restored and booted')
  button('New plan').click()
  await until('the form', () => text().includes('What to restore'))
})
test('lines and bytes have times, and what was sent is told apart; the search finds in them', async () => {
  const { fixture } = await consoleOf('cam-01')
  button('Lines').click()
  await until('the lines', () => all('.row.out').length === 1)
  expect(all('.row.out')[0]?.textContent).toContain('root\\r')
  expect(all('.row .time').every((time) => /^\d\d:\d\d:\d\d\.\d{3}$/.test(time.textContent ?? ''))).toBe(true)
  button('Delta').click()
  await until('the deltas', () => all('.row .time').every((time) => /^\+?-?\d+\.\d{3}$/.test(time.textContent ?? '')))
  fixture.say(id('cam-01'), '\r\n\u001b]0;x\u0007a new line\r\n')
  await until('the new line', () => all('.row .text').some((row) => row.textContent === 'a new line'))
  button('Search in cam-01').click()
  await until('the box', () => all('.search input').length === 1)
  const box = all('.search input')[0] as HTMLInputElement
  box.value = 'squashfs'
  box.dispatchEvent(new Event('input', { bubbles: true }))
  await until('it is found', () => document.querySelector('.row.here')?.textContent?.includes('squashfs') ?? false)
  button('Hex').click()
  await until('the bytes', () => all('.row .hex').some((row) => row.textContent?.includes('55 2d 42 6f 6f 74') ?? false))
})
const box = <T extends HTMLElement>(label: string): T => {
  const found = document.querySelector<T>(`[aria-label="${label}"]`)
  if (!found) throw new Error(`nothing is called ${label}`)
  return found
}
const put = (label: string, value: string, event = 'input'): void => {
  const field = box<HTMLInputElement>(label)
  field.value = value
  field.dispatchEvent(new Event(event, { bubbles: true }))
}
const submit = (label: string): void => { box(label).closest('form')?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true })) }

test('a line goes with the chosen end and encoding, and the choice stays with the camera', async () => {
  const { fixture, show } = await consoleOf('cam-01')
  put('Line end for cam-01', 'CRLF', 'change')
  put('Line to send to cam-01', 'reboot')
  submit('Line to send to cam-01')
  await until('the line', () => fixture.calls.includes('type cam-01 "reboot\\r\\n"'))
  document.body.innerHTML = ''
  show(App)
  await until('the rack again', () => all('[data-camera]').length > 0)
  card('cam-01').click()
  await until('the choice', () => document.querySelector<HTMLSelectElement>('[aria-label="Line end for cam-01"]')?.value === 'CRLF')
})
test('a paste goes line by line, can be stopped, and sends nothing afterwards', async () => {
  const { fixture } = await consoleOf('cam-01')
  button('Paste').click()
  await until('the form', () => document.querySelector('[aria-label="Text to paste into cam-01"]') !== null)
  put('Text to paste into cam-01', 'one\ntwo\nthree\n')
  put('Pause in milliseconds', '10000')
  await until('there is something to paste', () => all('form.extra button').some((one) => !(one as HTMLButtonElement).disabled))
  submit('Text to paste into cam-01')
  await until('the first line', () => text().includes('1 of 3'))
  button('Stop').click()
  await until('the end', () => !text().includes('of 3'))
  expect(fixture.calls).toEqual(['type cam-01 "one\\r"'])
})
test('a file goes raw, byte by byte as it is', async () => {
  const { fixture } = await consoleOf('cam-01')
  const picker = box<HTMLInputElement>('File to send to cam-01')
  Object.defineProperty(picker, 'files', { value: [new File([Uint8Array.of(0, 0xff, 0x0a, 0x80)], 'blob.bin')], configurable: true })
  picker.dispatchEvent(new Event('change', { bubbles: true }))
  await until('the bytes', () => fixture.calls.length > 0)
  expect(fixture.calls).toEqual([`type cam-01 ${JSON.stringify('\u0000\u00ff\n\u0080')}`])
})
test('break, modem lines and rate where the line has them, and words where it has not', async () => {
  const { fixture } = await consoleOf('cam-01')
  button('Line').click()
  await until('the line', () => text().includes('Send break'))
  button('Send break').click()
  await until('the break', () => fixture.calls.includes('line cam-01 {"breakMs":250}'))
  // Any rate can be typed; one that no line has is not sent.
  const rate = box<HTMLInputElement>('Baud, 300 to 4000000')
  const typeRate = async (value: string): Promise<void> => { rate.value = value; rate.dispatchEvent(new Event('input', { bubbles: true })); await nextTick() }
  await typeRate('31250')
  button('Set').click()
  await until('the rate', () => fixture.calls.includes('line cam-01 {"baudRate":31250}'))
  for (const wrong of ['', '7', '12345678', '115200.5']) { await typeRate(wrong); expect(button('Set').disabled, wrong).toBe(true) }
  card('cam-04').click()
  await until('the other console', () => document.querySelector('[aria-label="Line to send to cam-04"]') !== null)
  button('Line').click()
  await until('the words', () => text().includes('This line carries bytes only'))
})

test('what matters of who has a console comes first, because its end is cut in a narrow panel', async () => {
  const { fixture } = await consoleOf('cam-01')
  const words = (): string => document.querySelector('.console .line [role="status"]')?.textContent ?? ''
  for (const [who, name, first] of [['job', 'Restore of cam-01 (job j-1)', 'You watch: Restore of cam-01'], ['released', 'Ann', 'Released since'], ['viewer', 'Ann', 'Ann types here'], ['you', 'window 1', 'You type here']] as const) {
    fixture.consoleTools.writer(id('cam-01'), { who, name, sinceMs: 0 })
    await until(first, () => words().startsWith(first))
    expect(document.querySelector('.console .line [role="status"]')?.getAttribute('title')).toBe(words())
  }
})

test('who else has a console before them is named beside who types', async () => {
  const { fixture } = await consoleOf('cam-01')
  const line = (): string => (document.querySelector('.console .line')?.textContent ?? '').replace(/\s+/g, ' ')
  await until('nobody', () => line().includes('Nobody types here'))
  expect(line()).not.toContain('looks on')
  fixture.consoleTools.writer(id('cam-01'), { who: 'viewer', name: 'Ann', sinceMs: 0, others: ['Ann', 'Bob'] })
  await until('the other', () => line().includes('Ann types here') && line().includes('Bob looks on'))
  fixture.consoleTools.writer(id('cam-01'), { who: 'you', name: 'window 1', sinceMs: 0, others: ['Ann', 'Bob', 'Eve'] })
  await until('several', () => line().includes('Ann and 2 more look on'))
})
