// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import { until } from './memoryLink.ts'
import { all, button, fill, press, rack, text } from './page.ts'

const batchCalls = (calls: readonly string[]): readonly string[] => calls.filter((call) => call.startsWith('batch'))
async function openBatch(options: Parameters<typeof rack>[0] = {}): ReturnType<typeof rack> {
  const bench = await rack(options)
  button('Batch').click()
  await until('the batches', () => document.querySelector('main[aria-label="Batch"]') !== null && !text().includes('Reading the batches'))
  return bench
}
const rows = (label: string): readonly HTMLElement[] => all(`[aria-label="${label}"] [role="option"]`)
const rowText = (label: string): readonly string[] => rows(label).map((row) => (row.textContent ?? '').replace(/\s+/g, ' ').trim())
const pick = (name: string): void => { rows('Batches, newest first').find((row) => row.textContent?.includes(name))?.click() }
const tab = (name: string): void => { all('[role="tab"]').find((each) => each.textContent === name)?.click() }
const why = (): string => document.querySelector('[aria-label="Why"]')?.textContent ?? ''
const inDialog = (name: string): HTMLButtonElement => all('dialog button').find((each) => each.textContent?.trim() === name) as HTMLButtonElement

test('the night run says in one sentence why it stopped, with the class and the evidence', async () => {
  await openBatch()
  expect(rowText('Batches, newest first').map((row) => row.slice(0, 9))).toEqual(['A thousan', 'Night run', 'Soak of t'])
  pick('Night run')
  await until('its sentence', () => why().startsWith('Stopped at the canary: fw-2.6-rc1 on cam-01 failed'))
  await until('the causes', () => text().includes('Concluded from'))
  expect(document.querySelector('section[aria-label="Why attempts did not pass"]')?.textContent).toContain('Kernel panic - not syncing')
  expect(document.querySelector('[aria-label="Progress"] [role="img"]')?.getAttribute('aria-label')).toBe('800 of 800 ended: 2 passed, 1 failed, 797 left out')
  // It is over: nothing can be paused or stopped any more.
  expect(all('button').map((each) => each.textContent?.trim())).not.toContain('Pause')
})

test('the overview draws times, flaky cameras, who is left out and the rules; a change is followed', async () => {
  const { fixture } = await openBatch()
  await until('the figures', () => all('figure[aria-label^="Times of"]').length === 4)
  expect(document.querySelectorAll('figure[aria-label="Times of write"] rect').length).toBeGreaterThan(5)
  for (const words of ['cam-07', 'cam-11 failed 3 times and is left out of the rest', 'First 2 cameras, one cycle of each image', 'good enough is as likely as not']) expect(text()).toContain(words)
  expect(document.querySelector('figure[aria-label="Boot times by cycle"] path')?.getAttribute('d')?.match(/M/g)?.length).toBe(296)
  fixture.batches.change('b-long', (summary) => ({ ...summary, state: 'stopping', sentence: 'More than 5 % failed.' }))
  await until('the sentence', () => why() === 'More than 5 % failed.')
})

test('a thousand items by keyboard: only those on the screen are drawn, and the end is one key away', async () => {
  await openBatch()
  tab('Items')
  await until('the items', () => rowText('Items of the batch')[0]?.startsWith('1cam-01') === true)
  expect(rows('Items of the batch').length).toBeLessThan(60)
  const list = document.querySelector('[aria-label="Items of the batch"]')!
  press('End', list)
  await until('the last', () => rowText('Items of the batch').some((row) => row.startsWith('1000cam-50')))
  await until('its attempts', () => text().includes('cam-50, fw-2.5.1, cycle 20') && text().includes('It waits for its turn.'))
  press('Home', list)
  await until('the first', () => rowText('Items of the batch').some((row) => row.startsWith('1cam-01')))
  button(/^4\s*failed$/).click()
  await until('those that failed', () => rows('Items of the batch').length === 4)
  press('ArrowDown', list.isConnected ? list : document.querySelector('[aria-label="Items of the batch"]')!)
  await until('every attempt', () => text().includes('infrastructure: The bench was closed while it ran') && text().includes('firmware at boot-seen'))
})

test('who looks at one that failed goes on looking at it when another fails above it', async () => {
  const { fixture } = await openBatch()
  tab('Items')
  await until('the items', () => rows('Items of the batch').length > 0)
  button(/^4\s*failed$/).click()
  await until('those that failed', () => rows('Items of the batch').length === 4)
  rows('Items of the batch')[1]!.click()
  const looked = (): string => document.querySelector('section[aria-label^="Attempts of item"] h3')?.textContent ?? ''
  await until('its attempts', () => looked() !== '')
  const before = looked()
  const second = rowText('Items of the batch')[1]
  fixture.batches.items('b-long', (items) => items.map((item) => (item.item === 0 ? { ...item, state: 'failed' as const } : item)))
  await until('five', () => rows('Items of the batch').length === 5)
  expect(rowText('Items of the batch')[2]).toBe(second)
  await until('the same one', () => rows('Items of the batch')[2]?.getAttribute('aria-selected') === 'true')
  expect(rows('Items of the batch')[1]?.getAttribute('aria-selected')).toBe('false')
  expect(looked()).toBe(before)
})

test('waiting items are put first: one, or what Shift marks', async () => {
  const { fixture } = await openBatch()
  tab('Items')
  await until('the items', () => rows('Items of the batch').length > 0)
  expect(button('Put first').disabled).toBe(true)
  button(/^692\s*waiting$/).click()
  await until('those that wait', () => rowText('Items of the batch')[0]?.startsWith('309') === true)
  const list = document.querySelector('[aria-label="Items of the batch"]')!
  press('ArrowDown', list)
  await until('one', () => rows('Items of the batch')[0]?.getAttribute('aria-selected') === 'true' && !button('Put first').disabled)
  press('ArrowDown', list, { shiftKey: true })
  await until('two', () => all('button').some((each) => each.textContent === 'Put 2 first'))
  button('Put 2 first').click()
  await until('asked', () => batchCalls(fixture.calls).includes('batch first 308,309'))
})

test('pause, go on, stop, and only then what runs', async () => {
  const { fixture } = await openBatch()
  button('Pause').click()
  await until('paused', () => all('button').some((each) => each.textContent === 'Go on'))
  button('Go on').click()
  await until('it goes on', () => all('button').some((each) => each.textContent === 'Pause'))
  expect(all('button').map((each) => each.textContent)).not.toContain('Also stop what runs')
  button('Stop').click()
  await until('it stops', () => why() === 'Stopped by a person.')
  button('Also stop what runs').click()
  await until('asked', () => batchCalls(fixture.calls).length === 4)
  expect(batchCalls(fixture.calls)).toEqual(['batch pause b-long', 'batch go-on b-long', 'batch stop b-long', 'batch stop-now b-long'])
})

test('a new batch in the form: what is missing, what it will do and what stops it are said before it begins', async () => {
  const { fixture } = await openBatch({ isNew: true })
  expect(text()).toContain('No batch yet')
  button('New batch').click()
  await until('the form', () => document.querySelector('#batch-name') !== null)
  expect(text()).toContain('Give it a name')
  expect(inDialog('Erase and start the batch').disabled).toBe(true)
  fill('Name of the batch', 'Night')
  fill('And these cameras', 'cam-01, cam-02, cam-99')
  const path = document.querySelector<HTMLInputElement>('[aria-label="Path of image 1"]')!
  const name = document.querySelector<HTMLInputElement>('[aria-label="Name of image 1"]')!
  for (const [input, value, then] of [[name, 'fw-2.5.1', 'Image 1 needs a name and a path'], [path, '/images/fw-2.5.1', 'There is no camera']] as const) {
    input.value = value
    input.dispatchEvent(new Event('input', { bubbles: true }))
    await until(then, () => text().includes(then))
  }
  await until('who is not there', () => text().includes('There is no camera cam-99 in the rack'))
  fill('And these cameras', 'cam-01, cam-02')
  fill('Cycles', '5')
  await until('what it will do', () => text().includes('2 cameras × 1 image × 5 cycles = 10 items') && text().includes('will be erased and written'))
  fill('Canary, cameras', '0')
  await until('the rule follows', () => text().includes('No canary: all cameras begin at once.'))
  fill('Canary, cameras', '1')
  await until('it may', () => !inDialog('Erase and start the batch').disabled)
  document.querySelector<HTMLFormElement>('#batch-form')?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }))
  await until('it runs', () => why().startsWith('The canary is tried'))
  expect(batchCalls(fixture.calls)).toEqual(['batch start Night: restore fw-2.5.1 x5 canary 1 priority 5 cam-01,cam-02'])
})

test('what a plan would meet in the night is said in the form: a dump of one camera warns, a ping that is not there keeps it from beginning', async () => {
  await openBatch({ isNew: true })
  button('New batch').click()
  await until('the form', () => document.querySelector('#batch-name') !== null)
  fill('Name of the batch', 'Night')
  fill('And these cameras', 'cam-01, cam-02')
  const image = (label: string, value: string): void => {
    const input = document.querySelector<HTMLInputElement>(`[aria-label="${label} of image 1"]`)!
    input.value = value
    input.dispatchEvent(new Event('input', { bubbles: true }))
  }
  image('Name', 'dump')
  await until('it has a name', () => text().includes('Image 1 needs a name and a path'))
  image('Path', '/dumps/cam-01')
  await until('the warning', () => text().includes('dump is the dump of one camera'))
  expect(inDialog('Erase and start the batch').disabled).toBe(false)
  image('Path', '/images/fw-2.5.1')
  await until('it is gone', () => !text().includes('is the dump of one camera'))
  fill('Plan file', '/plans/ping.yaml')
  await until('it may', () => !inDialog('Read the plan').disabled)
  inDialog('Read the plan').click()
  await until('the problem', () => text().includes('There is no ping on this computer'))
  expect(inDialog('Start the batch').disabled).toBe(true)
})

test('many cameras want their number typed before anything is written', async () => {
  const { fixture } = await openBatch({ isNew: true })
  button('New batch').click()
  await until('the form', () => document.querySelector('#batch-name') !== null)
  fill('Name of the batch', 'Nine')
  fill('And these cameras', 'cam-01 cam-02 cam-03 cam-04 cam-05 cam-06 cam-07 cam-08 cam-09')
  const soak = document.querySelector<HTMLInputElement>('input[value="soak"]')!
  soak.checked = true
  soak.dispatchEvent(new Event('change', { bubbles: true }))
  await until('the question', () => text().includes('These are 9 cameras'))
  const type = (value: string): void => {
    const input = document.querySelector<HTMLInputElement>('[aria-label="Number of cameras"]')!
    input.value = value
    input.dispatchEvent(new Event('input', { bubbles: true }))
  }
  const submit = (): void => { document.querySelector<HTMLFormElement>('#batch-form')?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true })) }
  expect(inDialog('Start the batch').disabled).toBe(true)
  submit()
  type('8')
  submit()
  await until('not yet', () => inDialog('Start the batch').disabled)
  expect(batchCalls(fixture.calls)).toEqual([])
  type('9')
  await until('it may', () => !inDialog('Start the batch').disabled)
  submit()
  await until('it begins', () => batchCalls(fixture.calls).length === 1)
})

test('a plan file fills the form, and what the form does not show stays; a file that is not there is said', async () => {
  const { fixture } = await openBatch()
  button('New batch').click()
  await until('the form', () => document.querySelector('#batch-path') !== null)
  fill('Plan file', '/nowhere.yaml')
  await until('it may', () => !inDialog('Read the plan').disabled)
  inDialog('Read the plan').click()
  await until('the reason', () => text().includes('The plan /nowhere.yaml is not there'))
  fill('Plan file', '/plans/night.yaml')
  await until('it may', () => !inDialog('Read the plan').disabled)
  inDialog('Read the plan').click()
  await until('the form is filled', () => document.querySelector<HTMLInputElement>('#batch-name')?.value === 'From a file')
  document.querySelector<HTMLFormElement>('#batch-form')?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }))
  await until('started', () => batchCalls(fixture.calls).includes('batch start From a file: restore fw-2.5.1 x3 canary 1 priority 8 cam-01,cam-02'))
})

test('with the demo open its own night run is one click away', async () => {
  const { fixture } = await openBatch({ isNew: true })
  button('Open the demo rack').click()
  await until('it is open', () => !text().includes('Open the demo rack'))
  button('New batch').click()
  await until('the form', () => document.querySelector('#batch-path') !== null)
  inDialog("The demo's night run").click()
  await until('the form is filled', () => document.querySelector<HTMLInputElement>('#batch-name')?.value === 'From a file')
  expect(document.querySelector<HTMLInputElement>('#batch-path')?.value).toMatch(/\/demo\/night\.yaml$/)
  expect(batchCalls(fixture.calls)).toEqual([])
})

test('reports in four formats, and two batches side by side', async () => {
  const { fixture } = await openBatch()
  button('Reports').click()
  await until('the page', () => document.querySelector('iframe[title="Report"]')?.getAttribute('sandbox') === '')
  for (const [title, words] of [['JUnit', 'the junit of b-long'], ['CSV', 'the csv of b-long'], ['JSON', 'the json of b-long']] as const) {
    tab(title)
    await until(title, () => text().includes(words))
  }
  expect(batchCalls(fixture.calls)).toEqual(['batch report html', 'batch report junit', 'batch report csv', 'batch report json'])
  inDialog('Close').click()
  await until('closed', () => document.querySelector('dialog') === null)
  tab('Compare')
  await until('the words', () => text().includes('2 cameras are worse and 1 better'))
  expect(document.querySelector('[aria-label="Worse now"]')?.textContent).toContain('cam-07, cam-11')
  expect(document.querySelector('[aria-label="Median of each phase"]')?.textContent).toMatch(/write30\.0 s45\.0 s\+50 %/)
})
