// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import { until } from './memoryLink.ts'
import { all, button, fill, press, rack, text } from './page.ts'

const rows = (label: string): readonly string[] => all(`[aria-label="${label}"] tbody tr`).map((row) => (row.textContent ?? '').replace(/\s+/g, ' ').trim())
const tab = (name: string): HTMLElement => { const found = all('[role="tab"]').find((each) => each.textContent?.trim() === name); if (!found) throw new Error(`no tab ${name}`); return found }
const journal = (): string => (document.querySelector('[aria-label="Journal of the transaction"]')?.textContent ?? '').replace(/\s+/g, ' ')
const submit = (): HTMLButtonElement => document.querySelector<HTMLButtonElement>('dialog button[type="submit"]')!
function choose(version: string): void {
  const field = document.querySelector<HTMLSelectElement>('#device-release')!
  field.value = version
  field.dispatchEvent(new Event('change', { bubbles: true }))
}
async function openTab(name: 'Appliances' | 'Boards', options: Parameters<typeof rack>[0] = {}): ReturnType<typeof rack> {
  const bench = await rack(options)
  button('Updates').click()
  await until('the view', () => all('[role="tab"]').some((each) => each.textContent?.trim() === name))
  tab(name).click()
  await until('the list', () => !text().includes('Reading the list'))
  return bench
}

test('appliances: what each reports, when it was heard last, and why one does not answer', async () => {
  await openTab('Appliances')
  await until('both', () => rows('Appliances').length === 2)
  expect(rows('Appliances')[0]).toMatch(/^gate-north ?http:\/\/192\.168\.1\.20:12315 ?Appliance ?1\.1\.0 ?1\.0\.0 ?stable.*none/)
  expect(rows('Appliances')[1]).toMatch(/^mast-south ?http:\/\/192\.168\.1\.21:12315 ?Appliance ?1\.0\.0 ?stable ?not since \d\d-\d\d \d\d:\d\d(?!:)/)
  expect(button('Roll back mast-south').disabled).toBe(true)
  button('mast-south').click()
  await until('why', () => journal().includes('It does not answer: the updater at 192.168.1.21:12315 cannot be reached'))
})

test('an update: no release is chosen beforehand, the plan is shown, progress is followed, the end is what was read back', async () => {
  const { fixture } = await openTab('Appliances')
  await until('both', () => rows('Appliances').length === 2)
  button('Update gate-north').click()
  await until('the releases', () => document.querySelector('#device-release') !== null)
  expect(document.querySelector<HTMLSelectElement>('#device-release')?.value).toBe('')
  expect(submit().disabled).toBe(true)
  expect(text()).toContain('half.zip cannot be used: the package is damaged')
  choose('1.2.0')
  await until('the plan', () => text().includes('stopped and started: device-api.service, motion-control.service') && !submit().disabled)
  expect(text()).toContain('gate-1.2.0.zip')
  submit().click()
  await until('it runs', () => document.querySelector('dialog') === null && journal().includes('device-api is in place'))
  expect(fixture.calls.filter((call) => call.startsWith('device update'))).toEqual(['device update device-gate 1.2.0 dddd'])
  expect(document.querySelector('progress')?.value).toBe(40)
  expect([button('Update gate-north').disabled, button('Roll back gate-north').disabled]).toEqual([true, true])
  expect(journal()).toContain('Stopping the services')
  fixture.deviceUpdates.finish('device-gate', 'good')
  await until('the end', () => journal().includes('It reported 1.2.0 at the end.'))
  expect(rows('Appliances')[0]).toMatch(/1\.2\.0 ?1\.1\.0 ?stable.*updated and read back/)
})

test('a rollback in one click and a yes; one that fails shows the words of the device and what it runs', async () => {
  const { fixture } = await openTab('Appliances')
  await until('both', () => rows('Appliances').length === 2)
  button('Roll back gate-north').click()
  await until('the plan', () => text().includes('Go back to 1.0.0') && !submit().disabled)
  expect(document.querySelector('#device-release')).toBeNull()
  submit().click()
  await until('it runs', () => journal().includes('Stopping the services'))
  expect(fixture.calls.filter((call) => call.startsWith('device rollback'))).toEqual(['device rollback device-gate 1.0.0 dddd'])
  fixture.deviceUpdates.finish('device-gate', 'bad')
  await until('the end', () => journal().includes('ROLLBACK_LEVEL_1_SUCCESS: 1.1.0') && journal().includes('It reported 1.1.0 at the end.'))
  expect(rows('Appliances')[0]).toContain('failed (state known)')
})

test('a refusal stands in the plan and nothing can be started', async () => {
  const { fixture } = await openTab('Boards')
  await until('the board', () => rows('Boards').length === 1)
  button('Update blink-04').click()
  await until('the releases', () => document.querySelector('#device-release') !== null)
  choose('v1.0.0')
  await until('the refusal', () => text().includes('blink-04 reports v1.0.0 already'))
  expect(submit().disabled).toBe(true)
  choose('v1.1.0')
  await until('it may', () => !submit().disabled)
  expect(text()).toContain('lib/legacy.py')
  expect(fixture.calls.some((call) => call.startsWith('device update'))).toBe(false)
})

test('boards: an interruption that was cleared up is shown; an update is found again from the list of jobs', async () => {
  const { fixture } = await openTab('Boards')
  await until('the board', () => rows('Boards').length === 1)
  await until('the recovery', () => journal().includes('An earlier update had been interrupted; the board has its old files'))
  button('Update blink-04').click()
  await until('the releases', () => document.querySelector('#device-release') !== null)
  choose('v1.1.0')
  await until('it may', () => !submit().disabled)
  submit().click()
  await until('it runs', () => document.querySelector('dialog') === null)
  fixture.deviceUpdates.finish('device-blink', 'good')
  tab('Nodes').click()
  button('Jobs').click()
  await until('the list of jobs', () => all('button').some((each) => each.textContent?.trim() === 'Update blink-04 to v1.1.0'))
  button('Update blink-04 to v1.1.0').click()
  await until('its transaction', () => journal().includes('It reported v1.1.0 at the end.'))
  expect(tab('Boards').getAttribute('aria-selected')).toBe('true')
})

test('nothing yet: what it is for is said, one is added with a form, and removed again', async () => {
  const { fixture } = await openTab('Appliances', { isNew: true })
  expect(text()).toContain('No appliance yet')
  press('ArrowRight', tab('Appliances'))
  await until('the next tab', () => text().includes('No board yet'))
  button('Add a board').click()
  await until('the form', () => document.querySelector('#device-name') !== null)
  expect(submit().disabled).toBe(true)
  fill('Name', 'desk-board')
  fill('Its console', 'tcp://10.0.0.9:2000')
  fill('Folder of its releases', '/srv/firmware')
  await until('it may', () => !submit().disabled)
  submit().click()
  await until('it is listed', () => rows('Boards').length === 1)
  expect(fixture.calls.filter((call) => call.startsWith('device add'))).toEqual(['device add board desk-board tcp://10.0.0.9:2000 /srv/firmware stable'])
  button('Remove from the list').click()
  await until('gone', () => text().includes('No board yet'))
})

test('an appliance over SSH: its key file is asked for, its host key is shown and accepted by a person', async () => {
  const { fixture } = await openTab('Appliances', { isNew: true })
  button('Add an appliance').click()
  await until('the form', () => document.querySelector('#device-name') !== null)
  expect([document.querySelector('#device-host') !== null, document.querySelector('#device-key') !== null]).toEqual([true, false])
  fill('Name', 'mast-west')
  fill('Address of its updater, or of its SSH server', 'ssh://root@10.0.0.9')
  fill('Folder of its releases', '/srv/packages')
  await until('the key is asked for', () => document.querySelector('#device-key') !== null)
  expect([document.querySelector('#device-host'), submit().disabled]).toEqual([null, true])
  fill('File of the private key', '/home/lab/.ssh/appliances')
  await until('it may', () => !submit().disabled)
  submit().click()
  await until('it is listed', () => rows('Appliances').length === 1)
  expect(fixture.deviceUpdates.list()[0]).toMatchObject({ address: 'ssh://root@10.0.0.9', keyFile: '/home/lab/.ssh/appliances' })
  const { id } = fixture.deviceUpdates.list()[0]!
  const key = `SHA256:${'k'.repeat(43)}`
  fixture.deviceUpdates.change(id, (device) => ({ ...device, problem: { code: 'device/wrong-identity', message: `The host key is not known yet; its fingerprint is ${key}`, context: { hostKeySha256: key }, hint: 'Compare it' } }))
  await until('it is shown', () => journal().includes(key) && journal().includes('Accept this host key'))
  // It answers, and what is wrong is said as it is.
  expect([rows('Appliances')[0], journal().includes('does not answer')]).toEqual([expect.stringMatching(/Over SSH.*key not accepted/), false])
  button('Accept this host key').click()
  await until('it answers', () => rows('Appliances')[0]!.includes('2.0.0') && !journal().includes('Accept this host key'))
  expect(fixture.calls.filter((call) => call.startsWith('device accept'))).toEqual([`device accept ${id} ${key}`])
})

test('a package is built from a folder, or of two packages only what changed, with what that saves; a refusal is told and nothing else', async () => {
  const { fixture } = await openTab('Appliances')
  await until('both', () => rows('Appliances').length === 2)
  const made = (): readonly string[] => fixture.calls.filter((call) => call.startsWith('package'))
  button('Build a package').click()
  await until('the form', () => document.querySelector('#package-folder') !== null)
  expect(submit().disabled).toBe(true)
  fill('Folder, on the machine', '/home/lab/gate')
  fill('Version', '1.2.0')
  fill('Leave out', 'tests/**, *.md')
  fill('Into this new file', '/srv/packages/there.zip')
  const lines = document.querySelector<HTMLTextAreaElement>('#package-services')!
  lines.value = 'base.service=bin/base\n\n app.service\n'
  lines.dispatchEvent(new Event('input', { bubbles: true }))
  await until('what is wrong', () => text().includes('“app.service” is not UNIT=PATH'))
  expect(submit().disabled).toBe(true)
  lines.value = 'base.service=bin/base\n\n app.service = bin/app=2\n'
  lines.dispatchEvent(new Event('input', { bubbles: true }))
  await until('it may', () => !submit().disabled)
  submit().click()
  await until('why not', () => text().includes('/srv/packages/there.zip is there already') && text().includes('nothing is overwritten'))
  fill('Into this new file', '/srv/packages/stable/gate-1.2.0.zip')
  await until('it may', () => !submit().disabled && !text().includes('is there already'))
  submit().click()
  await until('it is built', () => text().includes('1.2.0 is built: 12 files, 9.0 MiB unpacked, 3.9 MiB packed, services app.service'))
  expect(made().at(-1)).toBe('package /home/lab/gate 1.2.0 base.service=bin/base,app.service=bin/app=2 -tests/**,*.md /srv/packages/stable/gate-1.2.0.zip')
  const of = document.querySelector<HTMLSelectElement>('#package-of')!
  of.value = 'packages'
  of.dispatchEvent(new Event('change', { bubbles: true }))
  await until('the other form', () => document.querySelector('#package-old') !== null && !text().includes('is built'))
  expect(submit().disabled).toBe(true)
  fill('The older whole package', '/srv/packages/stable/gate-1.2.0.zip')
  fill('The newer whole package', '/srv/packages/stable/gate-1.3.0.zip')
  await until('it may', () => !submit().disabled)
  submit().click()
  await until('what is saved', () => text().includes('1.2.0 to 1.3.0: 400 KiB instead of 3.9 MiB: 90 % saved; 2 files brought, 10 kept, 0 deleted'))
  expect(made().at(-1)).toBe('package /srv/packages/stable/gate-1.2.0.zip /srv/packages/stable/gate-1.3.0.zip /srv/packages/stable/gate-1.2.0.zip')
})
