// @vitest-environment happy-dom
import axe from 'axe-core'
import { expect, test } from 'vitest'
import App from '../../src/renderer/App.vue'
import { jobIdSchema } from '../../src/shared/devices/ids.ts'
import { type Bench, until } from './memoryLink.ts'
import { all, bench, button, card, closeAll, fill, id, press, rack, text } from './page.ts'

async function planned(path: string): Promise<Bench> {
  const made = await rack()
  card('cam-04').click()
  await until('the form', () => text().includes('What to restore'))
  fill('What to restore', path)
  await until('the button', () => !button('Make plan').disabled)
  button('Make plan').click()
  await until('an answer', () => document.querySelector('.plan, .planning [role="alert"]') !== null)
  return made
}
async function seriousFindings(): Promise<readonly string[]> {
  // Colours need a layout engine; they are checked in Chromium.
  const { violations } = await axe.run(document.body, { rules: { 'color-contrast': { enabled: false } } })
  return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id: rule, nodes }) => `${rule}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`)
}

test('with nothing configured the first screen offers a pod and the demo, and the demo opens', async () => {
  bench({ cameras: 0 }).show(App)
  await until('the first screen', () => text().includes('No camera on the bench yet'))
  expect(button('Add pod').disabled).toBe(true)
  button('Open the demo rack').click()
  await until('twelve cameras', () => all('[data-camera]').length === 12)
})
test('a pod that does not answer is said where the form is, with the next step', async () => {
  bench({ cameras: 0 }).show(App)
  await until('the first screen', () => text().includes('Add a pod'))
  fill('Address of the pod', 'http://nowhere')
  await until('the hint', () => text().includes('An address begins with rack://'))
  expect(button('Add pod').disabled).toBe(true)
})
test('each state is a word and a shape beside its colour', async () => {
  await rack()
  const words = { 'cam-01': 'booted', 'cam-02': 'restoring', 'cam-04': 'boot loop', 'cam-05': 'off', 'cam-06': 'booting', 'cam-07': 'unknown', 'cam-08': 'U-Boot', 'cam-09': 'failed', 'cam-11': 'silent', 'cam-12': 'boot ROM' }
  for (const [name, word] of Object.entries(words)) {
    const mark = card(name).querySelector('.mark')
    expect(mark?.textContent).toContain(word)
    expect(mark?.querySelector('svg.shape')).not.toBeNull()
  }
  const shapes = Object.keys(words).map((name) => card(name).querySelector('svg.shape')?.innerHTML)
  // disc, half, triangle, ring, diamond, cross
  expect(new Set(shapes).size).toBe(6)
})
test('a card shows the last console lines, live', async () => {
  const { fixture } = await rack()
  await until('history', () => card('cam-01').textContent?.includes('openipc-hi3516ev300 login:') ?? false)
  fixture.say(id('cam-01'), 'root\r\n~ # uptime\r\n')
  await until('the new line', () => card('cam-01').textContent?.includes('~ # uptime') ?? false)
})
test('a job shows as a bar with its percent, and who holds the console', async () => {
  await rack()
  expect(card('cam-02').querySelector('[role="progressbar"]')?.getAttribute('aria-valuenow')).toBe('61')
  expect(card('cam-02').textContent).toContain('held by job-running')
})
test('keys: arrows move, Space selects, Enter opens, Escape closes, Ctrl K finds', async () => {
  await rack()
  card('cam-01').focus()
  press('ArrowRight')
  await until('focus on the second', () => document.activeElement === card('cam-02'))
  expect(card('cam-02').tabIndex).toBe(0)
  expect(card('cam-01').tabIndex).toBe(-1)
  press(' ')
  await until('it is selected', () => card('cam-02').getAttribute('aria-selected') === 'true')
  expect(text()).toContain('1 selected')
  press('ArrowDown')
  await until('focus one row down', () => document.activeElement === card('cam-06'))
  press('Enter')
  await until('the panel', () => document.querySelector('aside h2')?.textContent === 'cam-06')
  press('Escape')
  await until('no panel', () => document.querySelector('aside') === null)
  press('k', document.body, { ctrlKey: true })
  await until('the palette', () => document.querySelector('dialog.palette') !== null)
  const box = document.querySelector<HTMLInputElement>('dialog.palette input')
  if (!box) throw new Error('no box')
  box.value = 'cam-09'
  box.dispatchEvent(new Event('input', { bubbles: true }))
  await until('one is found', () => all('dialog.palette li').length === 1)
  press('Enter', box)
  await until('its panel', () => document.querySelector('aside h2')?.textContent === 'cam-09')
})
test('a plan shows what is erased and written, and starts only after a confirmation that names it', async () => {
  const { fixture } = await planned('/home/lab/backups/ev300-2026-11')
  expect(text()).toContain('the pod has room for the largest file')
  expect(document.querySelector('.map')?.getAttribute('aria-label')).toContain('rootfs at 0x350000')
  button('Restore cam-04').click()
  await until('the question', () => text().includes('cam-04 on pod-1: 4 partitions, 13.3 MiB of 16 MiB flash will be erased and written'))
  expect(fixture.jobs.jobs.size).toBe(5)
  button('Erase and restore').click()
  await until('the run', () => text().includes('writing 60 %'))
  expect(fixture.jobs.jobs.size).toBe(6)
})
test('a plan with refusals says each with its next step and cannot be started', async () => {
  await planned('/home/lab/backups/bad-32m')
  expect(all('.plan [role="alert"]').length).toBe(2)
  expect(text()).toContain('Choose the image for 16 MiB flash')
  expect(text()).toContain('There is no boot profile for hi3516ev300')
  expect(all('button').some((one) => one.textContent?.includes('Restore cam-04'))).toBe(false)
})
test('an input that is not there is an error beside the form', async () => {
  await planned('/missing')
  expect(text()).toContain('There is no file or folder /missing')
  expect(text()).toContain('Browse for it.')
})
test('changing an option throws the plan away: what is started is what was shown', async () => {
  await planned('/home/lab/backups/ev300-2026-11')
  button('From this machine').click()
  await until('no plan', () => document.querySelector('.plan') === null)
  expect(all('button').some((one) => one.textContent?.includes('Restore cam-04'))).toBe(false)
})
test('cancel in a phase that must not be cut says when it stops', async () => {
  const { fixture } = await rack()
  card('cam-02').click()
  await until('the run', () => all('button').some((one) => one.textContent === 'Stop after kernel'))
  button('Stop after kernel').click()
  await until('the promise', () => all('button').some((one) => one.textContent === 'Stops after kernel' && (one as HTMLButtonElement).disabled))
  expect(fixture.jobs.events(jobIdSchema.parse('job-running')).at(-1)?.type).toBe('cancel-requested')
})
test('a failed job shows its evidence: expected and read back, and what it left behind', async () => {
  const { fixture } = await rack()
  card('cam-09').click()
  await until('the verdict', () => text().includes('failed (state known)'))
  expect(text()).toContain('2 of 4 partitions read back with the expected CRC')
  expect(text()).toContain('≠ 5a1c 09ff')
  expect(text()).toContain('= bf16 0c6a')
  expect(text()).toContain('not seen')
  expect(text()).toContain('Could not drop the staged file rootfs from pod-3')
  button('Resume').click()
  await until('the question to the chip', () => fixture.calls.includes('resume job-failed'))
})
test('a job goes on in the window after the link was lost, without a hole', async () => {
  const { fixture, cut, link } = await rack()
  card('cam-02').click()
  await until('the run', () => text().includes('writing 60 %'))
  cut()
  await until('it is said', () => link.state.value.phase !== 'connected' || link.state.value.epoch > 1)
  fixture.jobs.add(jobIdSchema.parse('job-running'), { type: 'phase-progressed', phase: 'write:kernel', step: 'writing', doneBytes: 3_000_000, totalBytes: 3_145_728 })
  await until('the second connection', () => link.state.value.epoch === 2)
  await until('the news', () => text().includes('writing 95 %'))
})
test('jobs are listed with state and verdict', async () => {
  await rack()
  button('Jobs').click()
  await until('the list', () => all('table.jobs tbody tr').length === 5)
  expect(text()).toContain('restored and booted')
  expect(text()).toContain('interrupted')
})
test('no serious finding of axe on the first screen, the rack, a plan, a run, a verdict, jobs and the palette', async () => {
  const { pinia } = await rack()
  expect(pinia.state.value['view']).toBeDefined()
  expect(await seriousFindings()).toEqual([])
  card('cam-02').click()
  await until('the run', () => text().includes('Stop after kernel'))
  expect(await seriousFindings()).toEqual([])
  card('cam-09').click()
  await until('the verdict', () => text().includes('failed (state known)'))
  expect(await seriousFindings()).toEqual([])
  button('Jobs').click()
  await until('the list', () => all('table.jobs').length === 1)
  expect(await seriousFindings()).toEqual([])
  press('k', document.body, { ctrlKey: true })
  await until('the palette', () => document.querySelector('dialog.palette') !== null)
  expect(await seriousFindings()).toEqual([])
})
test('no serious finding of axe on the first screen and a plan', async () => {
  bench({ cameras: 0 }).show(App)
  await until('the first screen', () => text().includes('No camera on the bench yet'))
  expect(await seriousFindings()).toEqual([])
  closeAll()
  await planned('/home/lab/backups/ev300-2026-11')
  expect(await seriousFindings()).toEqual([])
})
test('a port in trouble is one of the new alarms until it is well again', async () => {
  const { fixture } = await rack()
  const power = { cameraId: id('cam-01'), ruleId: 'power', rule: 'Power', atMs: Date.now() }
  fixture.consoleTools.hit({ ...power, tone: 'bad', line: 'short circuit: the switch gives this port no power', notify: true })
  await until('it is told', () => text().includes('1 new alarm') && text().includes('short circuit'))
  fixture.consoleTools.hit({ ...power, tone: 'ok', line: 'The port is well again', notify: false, isOver: true })
  await until('it is over', () => text().includes('no new alarms'))
})
