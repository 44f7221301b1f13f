// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import { nextTick } from 'vue'
import { fixtureClient } from '../support/fixtureFleet.ts'
import { until } from './memoryLink.ts'
import { all, button, fill, press, rack, text } from './page.ts'

const rows = (): HTMLElement[] => all('[role="listbox"][aria-label="Clients"] [role="option"]')
const row = (name: string): HTMLElement => { const found = rows().find((each) => each.textContent?.includes(name)); if (!found) throw new Error(`no row ${name}`); return found }
const said = (element: Element | null): string => (element?.textContent ?? '').replace(/\s+/g, ' ').trim()
const list = (): HTMLElement => all('[role="listbox"][aria-label="Clients"]')[0]!
const tab = (name: string): HTMLElement => { const found = all('[role="tab"]').find((each) => each.textContent?.trim() === name); if (!found) throw new Error(`no tab ${name}`); return found }
const submit = (): HTMLButtonElement => document.querySelector<HTMLButtonElement>('dialog button[type="submit"]')!
const detail = (): string => said(document.querySelector('section.client'))
async function openCommands(options: Parameters<typeof rack>[0] = {}): ReturnType<typeof rack> {
  const bench = await rack(options)
  press('8', document.body, { code: 'Digit8', altKey: true })
  await until('the page', () => document.querySelector('main[aria-label="Commands"]') !== null && !text().includes('Asking for the broker'))
  if (options.isNew !== true) await until('clients with their commands', () => rows().length === 12 && text().includes('timed out'))
  return bench
}

test('each client has its health, the life of its last command and its lockout; a failed service stands first', async () => {
  await openCommands()
  expect(said(rows()[0]!)).toMatch(/^screen-10 ?service failed/)
  expect(said(row('screen-01'))).toMatch(/online.*Reboot ?completed/)
  expect(row('screen-01').querySelectorAll('.chip')).toHaveLength(5)
  expect(said(row('screen-03'))).toContain('helper_missing the helper is not installed')
  expect(said(row('screen-04'))).toMatch(/silent 4 min.*timed out/)
  expect(row('screen-05').querySelector('[role="img"]')?.getAttribute('aria-label')).toBe('Locked out: 3 of 3 restarts in 15 minutes; the next is possible in 8 min')
  expect(said(row('screen-07'))).toMatch(/offline.*seen to leave, no ack/)
  expect(said(row('screen-08'))).toContain('overdue: not back after 90 s')
  expect(said(row('screen-09'))).toContain('7 reconnects')
  button('Trouble').click()
  await until('only those', () => rows().length === 4)
  expect(rows().map((each) => /screen-\d\d/.exec(each.textContent ?? '')?.[0])).toEqual(['screen-10', 'screen-04', 'screen-05', 'screen-09'])
})

test('1,000 clients by keyboard: only those on the screen are drawn, the end is one key away, Shift selects', async () => {
  const { fixture } = await openCommands()
  fixture.fleet.grow(1_000)
  await until('all of them', () => text().includes('1000 of 1000'))
  expect(rows().length).toBeLessThan(60)
  press('End', list())
  await until('the last', () => rows().some((each) => each.textContent?.includes('screen-1000')))
  press('ArrowUp', list(), { shiftKey: true })
  await until('two of them', () => text().includes('2 selected'))
  press('ArrowUp', list(), { shiftKey: true })
  await until('three', () => text().includes('3 selected'))
  expect(rows().filter((each) => each.getAttribute('aria-selected') === 'true').map((each) => said(each.querySelector('.name')))).toEqual(['screen-998', 'screen-999', 'screen-1000'])
  press(' ', list())
  await until('two', () => text().includes('2 selected'))
})

test('keys act on the client that they were on, however the list has changed; a range never begins where nobody began it', async () => {
  const { fixture } = await openCommands()
  row('screen-11').click()
  fixture.fleet.clients((clients) => clients.map((client) => (client.uuid === fixtureClient(12) ? { ...client, alert: { clientUuid: client.uuid, unit: 'infoscreen.service', failedAt: '2026-11-21T10:02:11Z', seenAtMs: 0 } } : client)))
  await until('the other one stands above', () => said(rows()[1]!).startsWith('screen-12'))
  press(' ', list())
  await until('one', () => text().includes('1 selected'))
  expect(rows().filter((each) => each.getAttribute('aria-selected') === 'true').map((each) => said(each.querySelector('.name')))).toEqual(['screen-11'])
  press(' ', list())
  await until('none', () => !text().includes('selected,') && !text().includes('1 selected'))
  const filter = document.querySelector<HTMLInputElement>('input[aria-label="Filter clients"]')!
  filter.value = 'screen-0'
  filter.dispatchEvent(new Event('input', { bubbles: true }))
  await until('without it', () => rows().length === 9)
  row('screen-06').dispatchEvent(new MouseEvent('click', { bubbles: true, shiftKey: true }))
  await until('that one is opened', () => document.querySelector('section.client h2')?.textContent === 'screen-06')
  expect(text()).not.toMatch(/\d selected/)
  row('screen-04').dispatchEvent(new MouseEvent('click', { bubbles: true, shiftKey: true }))
  await until('from there on', () => text().includes('3 selected'))
})

test('what becomes of a command is followed; a queued one is canceled from its history', async () => {
  const { fixture } = await openCommands()
  row('screen-06').click()
  await until('its history', () => detail().includes('Cancel it'))
  button('Cancel it').click()
  await until('its end', () => said(row('screen-06')).includes('canceled') && !detail().includes('Cancel it'))
  expect(fixture.calls.filter((call) => call.startsWith('fleet cancel'))).toHaveLength(1)
  const next = fixture.fleet.newCommand(60, 2, { state: 'completed', times: { queued: 1_795_000_000_000, completed: 1_795_000_001_000 }, issuedAtMs: 1_795_000_000_000 })
  fixture.fleet.put(next)
  await until('the newest is shown', () => said(row('screen-02')).includes('completed'))
})

test('the history tells acks that moved nothing from those that did, and what follows a command that did not end well', async () => {
  const { fixture } = await openCommands()
  row('screen-01').click()
  await until('acks', () => /of another client: moved nothing ?from screen-09/.test(detail()))
  expect(detail()).toContain('Why: Picture frozen since noon')
  expect(detail()).toContain('repeated')
  row('screen-04').click()
  await until('the late one', () => detail().includes('late: moved nothing'))
  button('Next step').click()
  await until('the step', () => detail().includes('A person has to look'))
  expect(fixture.calls.filter((call) => call.startsWith('fleet escalate'))).toHaveLength(1)
})

test('one restart: asked first, sent once; where the client is busy or locked out nothing can be sent', async () => {
  const { fixture } = await openCommands()
  row('screen-11').click()
  await until('the client', () => detail().includes('It was told nothing yet.'))
  button('Reboot').click()
  await until('ready', () => submit() !== null && !submit().disabled)
  fill('Why', 'a test')
  submit().click()
  await until('sent', () => document.querySelector('dialog') === null && said(row('screen-11')).includes('queued'))
  expect(fixture.calls.filter((call) => call.startsWith('fleet reboot_host'))).toEqual([`fleet reboot_host ${fixtureClient(11)} a test`])
  row('screen-05').click()
  await until('the other', () => detail().includes('screen-05'))
  button('Reboot').click()
  await until('why not', () => text().includes('screen-05: locked out, free in 8 min'))
  expect(submit().disabled).toBe(true)
})

test('many at once: the preview says who is ready, and only its very words start it', async () => {
  const { fixture } = await openCommands()
  for (const name of ['screen-01', 'screen-02', 'screen-05']) row(name).dispatchEvent(new MouseEvent('click', { bubbles: true, ctrlKey: true }))
  await until('three', () => text().includes('3 selected'))
  button('Reboot selected').click()
  await until('the preview', () => document.querySelector('#issue-typed') !== null)
  expect(text()).toContain('screen-02: busy')
  expect(text()).toContain('screen-05: locked out')
  expect(submit().disabled).toBe(true)
  fill('To start it', 'reboot 2')
  // The button follows what is typed a moment later; asked at once it would be shut whatever was typed.
  await nextTick()
  expect(submit().disabled).toBe(true)
  fill('To start it', 'reboot 3')
  await until('it may', () => !submit().disabled)
  submit().click()
  await until('the run', () => tab('Bulk runs').getAttribute('aria-selected') === 'true' && text().includes('2 of 4 that ended failed or timed out (50.0 %)'))
  expect(fixture.calls.filter((call) => call.startsWith('fleet bulk'))).toEqual(['fleet bulk reboot_host 3'])
  expect(text()).toContain('2 of 4 failed or timed out, which is more than 5 %')
  expect(document.querySelector('[role="meter"]')?.getAttribute('aria-valuenow')).toBe('50')
  expect(all('[aria-label="Clients of this run"] [role="option"]').some((each) => said(each).includes('never told'))).toBe(true)
})

test('an alert of a failed service is cleared at the broker; rules of a client are kept', async () => {
  const { fixture } = await openCommands()
  row('screen-10').click()
  await until('the alert', () => detail().includes('infoscreen.service failed'))
  button('Clear at the broker').click()
  await until('cleared', () => !detail().includes('infoscreen.service failed'))
  expect(fixture.calls).toContain(`fleet clear ${fixtureClient(10)}`)
  fill('Name', 'lobby')
  button('Keep').click()
  await until('kept', () => rows().some((each) => each.textContent?.includes('lobby')))
  expect(fixture.calls.filter((call) => call.startsWith('fleet client'))).toEqual([`fleet client ${fixtureClient(10)} {"name":"lobby","hasPoe":false,"powerCycleAllowed":false,"escalatesAlone":false}`])
  expect(document.querySelector('#client-power')).toBeNull()
  const tick = (words: string): HTMLInputElement => all('label.tick').find((each) => said(each).includes(words))?.querySelector('input') as HTMLInputElement
  expect(tick('without anybody').disabled).toBe(true)
  tick('managed').click()
  await until('whose power', () => document.querySelector('#client-power') !== null)
  const select = document.querySelector('#client-power') as HTMLSelectElement
  select.value = [...select.options].find(({ text: name }) => name === 'cam-03')?.value ?? ''
  select.dispatchEvent(new Event('change', { bubbles: true }))
  tick('does not bring it back').click()
  await until('it may be asked', () => !tick('without anybody').disabled)
  tick('without anybody').click()
  button('Keep').click()
  await until('kept again', () => fixture.calls.filter((call) => call.startsWith('fleet client')).length === 2)
  expect(fixture.calls.at(-1)).toBe(`fleet client ${fixtureClient(10)} {"name":"lobby","hasPoe":true,"powerCycleAllowed":true,"escalatesAlone":true,"cameraId":"${select.value}"}`)
  expect(select.value).not.toBe('')
})

test('refused messages say from whom and why; the broker has its settings, and a password is shown once', async () => {
  const { fixture } = await openCommands()
  tab('Refused messages').click()
  await until('the list', () => text().includes('ack of another client'))
  expect(text()).toContain('infoscreen/all/commands/ack')
  tab('Broker').click()
  await until('the form', () => document.querySelector('#broker-port') !== null)
  expect(button('Make an account').disabled).toBe(true)
  fill('Id of the client', fixtureClient(7))
  await until('it may', () => !button('Make an account').disabled)
  button('Make an account').click()
  await until('the password', () => text().includes('6d0c5a2f9e1b4c7d8a3e'))
  fill('Port', '1884')
  button('Apply').click()
  await until('opened', () => text().includes('mqtt://127.0.0.1:1884'))
  // Settings that are kept later do not take the account away.
  expect(fixture.calls.filter((call) => call.startsWith('fleet broker'))).toEqual(['fleet broker embedded open'])
  await until('the account is listed', () => said(document.querySelector('[aria-label="Clients with an account"]')).includes(fixtureClient(7)))
  fill('Port', '1')
  button('Apply').click()
  await until('why not', () => text().includes('Port 1 of 127.0.0.1 is in use'))
})

test('without a broker it is said what it is for, and the one within is one click away', async () => {
  const { fixture } = await openCommands({ isNew: true })
  expect(text()).toContain('No broker is chosen')
  button('Use the built-in broker').click()
  await until('connected', () => text().includes('No client has been here yet'))
  expect(fixture.calls.filter((call) => call.startsWith('fleet broker'))).toEqual(['fleet broker embedded open'])
})

test('whoever only wants to try it opens the demo, which brings screens', async () => {
  await openCommands({ isNew: true })
  button('Open the demo with 8 screens').click()
  await until('it is open', () => !text().includes('Open the demo with 8 screens'))
  expect(text()).toContain('Use the built-in broker')
})

test('a plan of an assistant is told in the foot of every view; a person says yes once, or no', async () => {
  const { fixture } = await rack()
  expect(text()).not.toContain('waits for a yes')
  fixture.approvals.ask('a'.repeat(64), 'Power off for cam-01')
  fixture.approvals.ask('b'.repeat(64), 'Restore cam-04 (hi3516ev300) from /home/lab/backups/ev300: 4 partitions')
  await until('both', () => text().includes('2 plans wait for a yes'))
  button(/plans wait for a yes/).click()
  await until('the dialog', () => document.querySelector('dialog')?.textContent?.includes('Power off for cam-01') === true)
  button('Yes, once: Power off for cam-01').click()
  await until('approved', () => text().includes('approved, not started yet'))
  button('No: Restore cam-04 (hi3516ev300) from /home/lab/backups/ev300: 4 partitions').click()
  await until('gone', () => !text().includes('Restore cam-04 (hi3516ev300)'))
  expect(fixture.calls.filter((call) => call.startsWith('approve'))).toEqual(['approve yes aaaa', 'approve no bbbb'])
  button('Take the yes back: Power off for cam-01').click()
  await until('none', () => text().includes('No plan waits.'))
})
